//! Where the nodes live.

use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes};

use crate::{
    commit::Commitment,
    node::{Node, NodeId, NodeRef},
};

/// Index of a branch's value, behind its children.
pub(crate) const VALUE: u8 = 16;

/// An entry of a node: the child of a branch at `index`, its value ([`VALUE`]), or the one child of an extension, where
/// `index` means nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) parent: NodeId,
    pub(crate) index: u8,
}

/// Nodes by id, each with its commitment. Slots of removed nodes are used again, so that memory is bounded by what was
/// touched, not by how often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arena {
    pub(crate) nodes: Vec<Node>,
    /// One for each node: [`Commitment::DIRTY`] if the node changed since it was last encoded.
    pub(crate) commitments: Vec<Commitment>,
    free: Vec<NodeId>,
    saved: Option<Saved>,
}

/// What it takes to go back to a checkpoint.
#[derive(Clone, Debug)]
struct Saved {
    /// Nodes that were there.
    len: usize,
    free: Vec<NodeId>,
    /// Nodes before each change, in order. Later ones of the same node are of no use, and too few to look for.
    nodes: Vec<(NodeId, Node, Commitment)>,
}

impl Arena {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// To change the node, which makes it dirty.
    pub(crate) fn change(&mut self, id: NodeId) -> &mut Node {
        self.save(id);
        self.commitments[id.0 as usize] = Commitment::DIRTY;
        &mut self.nodes[id.0 as usize]
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        self.add_committed(node, Commitment::DIRTY)
    }

    #[expect(clippy::cast_possible_truncation, reason = "2^31 nodes of 100 bytes do not fit into memory")]
    pub(crate) fn add_committed(&mut self, node: Node, commitment: Commitment) -> NodeId {
        if let Some(id) = self.free.pop() {
            self.save(id);
            self.nodes[id.0 as usize] = node;
            self.commitments[id.0 as usize] = commitment;
            return id;
        }
        self.nodes.push(node);
        self.commitments.push(commitment);
        NodeId(self.nodes.len() as u32 - 1)
    }

    pub(crate) fn remove(&mut self, id: NodeId) {
        self.save(id);
        self.free.push(id);
        self.nodes[id.0 as usize] = Node::Vacant;
    }

    /// What the entry refers to, with the bytes that a raw reference points into.
    pub(crate) fn entry(&self, step: Step) -> Option<(NodeRef, &Bytes)> {
        match self.node(step.parent) {
            Node::Branch { value, raw, .. } if step.index == VALUE => Some((*value, raw)),
            Node::Branch { children, raw, .. } => Some((children[usize::from(step.index)], raw)),
            Node::Extension { child, raw, .. } => Some((*child, raw)),
            Node::Leaf { .. } | Node::Vacant => None,
        }
    }

    /// Lets the entry refer to something else. That alone does not make the node dirty.
    pub(crate) fn set_entry(&mut self, step: Step, to: NodeRef) {
        self.save(step.parent);
        match &mut self.nodes[step.parent.0 as usize] {
            Node::Branch { value, .. } if step.index == VALUE => *value = to,
            Node::Branch { children, .. } => children[usize::from(step.index)] = to,
            Node::Extension { child, .. } => *child = to,
            Node::Leaf { .. } | Node::Vacant => {}
        }
    }

    /// The node no longer is what its commitment says.
    pub(crate) fn touch(&mut self, id: NodeId) {
        self.save(id);
        self.commitments[id.0 as usize] = Commitment::DIRTY;
    }

    /// The nodes that did not change since they were last encoded, or read.
    pub(crate) fn committed(&self) -> impl Iterator<Item = NodeId> {
        let nodes = (0..).map(NodeId).zip(self.nodes.iter().zip(&self.commitments));
        nodes
            .filter(|(_, (node, commitment))| !matches!(node, Node::Vacant) && !commitment.is_dirty())
            .map(|(id, _)| id)
    }

    pub(crate) fn is_dirty(&self, id: NodeId) -> bool {
        self.commitments[id.0 as usize].is_dirty()
    }

    /// From here on, nodes are saved before they change.
    pub(crate) fn checkpoint(&mut self) {
        self.saved = Some(Saved { len: self.nodes.len(), free: self.free.clone(), nodes: Vec::new() });
    }

    /// Forgets the checkpoint.
    pub(crate) fn release(&mut self) {
        self.saved = None;
    }

    /// Becomes what it was at the checkpoint.
    pub(crate) fn restore(&mut self) {
        let Some(saved) = self.saved.take() else { return };
        self.nodes.truncate(saved.len);
        self.commitments.truncate(saved.len);
        self.free = saved.free;
        for (id, node, commitment) in saved.nodes.into_iter().rev() {
            self.nodes[id.0 as usize] = node;
            self.commitments[id.0 as usize] = commitment;
        }
    }

    fn save(&mut self, id: NodeId) {
        let index = id.0 as usize;
        if let Some(saved) = &mut self.saved
            && index < saved.len
        {
            saved.nodes.push((id, self.nodes[index].clone(), self.commitments[index]));
        }
    }

    /// Nodes alive, for tests and statistics.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    pub(crate) fn commitment_hash(&self, id: NodeId) -> Option<B256> {
        self.commitments[id.0 as usize].root_hash()
    }
}
