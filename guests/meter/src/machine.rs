//! The machine: RISC-V 64 with the system calls of a fault-proof VM (K-072, K-074, K-081).

use crate::{
    host::{Host, HostError},
    memory::FlatMemory,
    symbols::Symbols,
    trace::{Profile, Trace},
};
use ckb_vm::{
    Bytes, CoreMachine, DefaultCoreMachine, Error, ISA_A, ISA_IMC, Instruction, Machine, Memory,
    SupportMachine,
    decoder::{Decoder, build_decoder},
    instructions::{execute, instruction_length},
    machine::VERSION2,
    registers::{A0, A1, A2, A3, A4, A7, SP},
};

/// Where the stack begins, downwards; the program is loaded far below.
const STACK_TOP: u64 = 0x3fff_f000;
/// Where `mmap` gives memory from, upwards.
const HEAP_START: u64 = 0x4000_0000;
/// What `mmap` gives memory in.
const PAGE: u64 = 4096;
/// A call of read or write moves bytes up to the next multiple of this: Asterisc's leaves of memory. Cannon's are words of
/// eight (K-072).
const LEAF: u64 = 32;

/// A run that takes more instructions than this goes nowhere.
const MOST_STEPS: u64 = 1 << 40;

/// Why a run ended without an exit code.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The machine refused an instruction or an access.
    #[error("at {symbol} (pc {pc:#x}): {error}")]
    Machine {
        /// The address.
        pc: u64,
        /// The function there.
        symbol: String,
        /// The machine's own error.
        error: Error,
    },
    /// The host could not answer.
    #[error("the host: {0}")]
    Host(#[from] HostError),
    /// It took too long.
    #[error("no end after {0} instructions")]
    Endless(u64),
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub exit_code: i32,
    /// What it wrote to stdout and stderr.
    pub output: Vec<u8>,
    /// Instructions, all in all.
    pub steps: u64,
    /// Instructions by function and phase.
    pub profile: Profile,
    /// Bytes asked for with `mmap`.
    pub heap_bytes: u64,
    /// Deepest stack, in bytes.
    pub stack_bytes: u64,
    /// System calls.
    pub system_calls: u64,
    /// What went over the pipes.
    pub traffic: crate::host::Traffic,
}

struct Vm {
    core: DefaultCoreMachine<u64, FlatMemory>,
    host: Host,
    heap_end: u64,
    output: Vec<u8>,
    exit_code: Option<i32>,
    system_calls: u64,
    failure: Option<HostError>,
}

/// Runs a program to its end.
pub fn run(elf: &[u8], symbols: &Symbols, host: Host) -> Result<Run, RunError> {
    let memory = FlatMemory::new();
    let isa = ISA_IMC | ISA_A;
    let mut core = DefaultCoreMachine::new_with_memory(isa, VERSION2, u64::MAX, memory.memory_size());
    let failed = |error| RunError::Machine { pc: 0, symbol: "the program's image".into(), error };
    core.load_elf(&Bytes::copy_from_slice(elf), true).map_err(failed)?;
    core.set_register(SP, STACK_TOP);
    let mut vm = Vm {
        core,
        host,
        heap_end: HEAP_START,
        output: Vec::new(),
        exit_code: None,
        system_calls: 0,
        failure: None,
    };
    let (profile, steps, lowest) = vm.run(symbols, build_decoder::<u64>(isa, VERSION2))?;
    Ok(Run {
        exit_code: vm.exit_code.unwrap_or_default(),
        output: vm.output,
        steps,
        profile,
        heap_bytes: vm.heap_end - HEAP_START,
        stack_bytes: STACK_TOP - lowest,
        system_calls: vm.system_calls,
        traffic: vm.host.traffic,
    })
}

/// An instruction, decoded once, and what it does to the flow of control.
#[derive(Clone, Copy, Default)]
struct Decoded {
    instruction: Instruction,
    length: u8,
    flow: Flow,
}

/// What a jump is, by the registers that it links.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Flow {
    #[default]
    NotDecoded,
    Plain,
    Call,
    Return,
}

impl Vm {
    fn run(&mut self, symbols: &Symbols, mut decoder: Decoder) -> Result<(Profile, u64, u64), RunError> {
        let text = symbols.text();
        let mut decoded =
            vec![Decoded::default(); usize::try_from((text.end - text.start) / 2).unwrap_or_default()];
        let mut trace = Trace::new(symbols, *self.core.pc());
        let (mut steps, mut lowest) = (0u64, STACK_TOP);
        while self.exit_code.is_none() {
            let pc = *self.core.pc();
            let machine_error =
                |error| RunError::Machine { pc, symbol: symbols.name_at(pc).to_owned(), error };
            let slot = usize::try_from(pc.wrapping_sub(text.start) / 2)
                .ok()
                .and_then(|index| decoded.get_mut(index))
                .ok_or_else(|| machine_error(Error::MemOutOfBound))?;
            if slot.flow == Flow::NotDecoded {
                *slot = decode(&mut decoder, self.core.memory_mut(), pc).map_err(machine_error)?;
            }
            let Decoded { instruction, length, flow } = *slot;
            let result = execute(instruction, self);
            if let Some(failure) = self.failure.take() {
                return Err(failure.into());
            }
            result.map_err(machine_error)?;
            steps += 1;
            let next = *self.core.pc();
            let after = pc + u64::from(length);
            match flow {
                Flow::Call => {
                    trace.call(steps, next, after);
                    lowest = lowest.min(self.core.registers()[SP]);
                }
                Flow::Return => trace.ret(steps, next),
                _ if next != after => trace.jump(steps, next),
                _ => {}
            }
            if steps > MOST_STEPS {
                return Err(RunError::Endless(steps));
            }
        }
        Ok((trace.finish(steps), steps, lowest))
    }

    /// The call that a7 names, with its arguments from a0 on (K-080).
    fn system_call(&mut self) -> Result<(), Error> {
        self.system_calls += 1;
        let [number, a0, a1, a2, a3, a4] = [A7, A0, A1, A2, A3, A4].map(|index| self.core.registers()[index]);
        let result = match number {
            63 => self.read(a0, a1, a2)?,
            64 => self.write(a0, a1, a2)?,
            134 => 0, // rt_sigaction: there are no signals
            222 => self.mmap(a0, a1, a3, a4)?,
            #[expect(clippy::cast_possible_truncation, reason = "exit codes are small")]
            93 | 94 => {
                self.exit_code = Some(a0 as i32);
                0
            }
            other => return Err(Error::InvalidEcall(other)),
        };
        self.core.set_register(A0, result);
        self.core.set_register(A1, 0);
        Ok(())
    }

    /// At most up to the end of a leaf.
    fn read(&mut self, descriptor: u64, address: u64, length: u64) -> Result<u64, Error> {
        let length = length.min(LEAF - address % LEAF);
        let buffer = self.core.memory_mut().slice(address, length)?;
        let count = match descriptor {
            0 => 0,
            3 => self.host.acknowledge(buffer),
            5 => self.host.answer(buffer),
            _ => return Err(Error::InvalidEcall(63)),
        };
        // A pipe would wait for ever.
        if count == 0 && descriptor != 0 && length != 0 {
            Err(Error::InvalidEcall(63))
        } else {
            Ok(count as u64)
        }
    }

    fn write(&mut self, descriptor: u64, address: u64, length: u64) -> Result<u64, Error> {
        let length = if descriptor > 2 { length.min(LEAF - address % LEAF) } else { length };
        let bytes = self.core.memory_mut().slice(address, length)?;
        let result = match descriptor {
            1 | 2 => {
                self.output.extend_from_slice(bytes);
                Ok(())
            }
            4 => {
                self.host.hint(bytes);
                Ok(())
            }
            6 => self.host.ask(bytes),
            _ => return Err(Error::InvalidEcall(64)),
        };
        self.failure = result.err();
        Ok(length)
    }

    /// Anonymous memory at an address of our choice (K-075, K-081).
    fn mmap(&mut self, address: u64, length: u64, flags: u64, descriptor: u64) -> Result<u64, Error> {
        if address != 0 || flags & 0x20 == 0 || descriptor != u64::MAX {
            return Err(Error::InvalidEcall(222));
        }
        let start = self.heap_end;
        self.heap_end = start + length.next_multiple_of(PAGE);
        Ok(start)
    }
}

fn decode(decoder: &mut Decoder, memory: &mut FlatMemory, pc: u64) -> Result<Decoded, Error> {
    let instruction = decoder.decode_raw(memory, pc)?;
    let length = instruction_length(instruction);
    let bits = if length == 2 { memory.execute_load16(pc)?.into() } else { memory.execute_load32(pc)? };
    Ok(Decoded { instruction, length, flow: flow(bits, length) })
}

/// Calls link `ra`, returns jump to it (RISC-V calling convention).
fn flow(bits: u32, length: u8) -> Flow {
    const JAL: u32 = 0x6f;
    const JALR: u32 = 0x67;
    const LINK: u32 = 1; // ra
    let (rd, rs1) = (bits >> 7 & 31, bits >> 15 & 31);
    match length {
        // c.jr and c.jalr: 100 x, register, 00000, 10
        2 if bits & 0xe07f == 0x8002 && rd != 0 => match bits & 0x1000 != 0 {
            true => Flow::Call,
            false if rd == LINK => Flow::Return,
            false => Flow::Plain,
        },
        4 if bits & 0x7f == JAL && rd == LINK => Flow::Call,
        4 if bits & 0x7f == JALR && rd == LINK => Flow::Call,
        4 if bits & 0x7f == JALR && rd == 0 && rs1 == LINK => Flow::Return,
        _ => Flow::Plain,
    }
}

impl CoreMachine for Vm {
    type REG = u64;
    type MEM = FlatMemory;

    fn pc(&self) -> &u64 {
        self.core.pc()
    }

    fn update_pc(&mut self, pc: u64) {
        self.core.update_pc(pc);
    }

    fn commit_pc(&mut self) {
        self.core.commit_pc();
    }

    fn memory(&self) -> &FlatMemory {
        self.core.memory()
    }

    fn memory_mut(&mut self) -> &mut FlatMemory {
        self.core.memory_mut()
    }

    fn registers(&self) -> &[u64] {
        self.core.registers()
    }

    fn set_register(&mut self, idx: usize, value: u64) {
        self.core.set_register(idx, value);
    }

    fn version(&self) -> u32 {
        self.core.version()
    }

    fn isa(&self) -> u8 {
        self.core.isa()
    }
}

impl Machine for Vm {
    fn ecall(&mut self) -> Result<(), Error> {
        self.system_call()
    }

    fn ebreak(&mut self) -> Result<(), Error> {
        Err(Error::InvalidEcall(0))
    }
}
