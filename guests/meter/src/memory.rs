//! Memory of the machine: one flat range of bytes, as large as a program may need, of which only what it touches is there.

use ckb_vm::{Bytes, Error, Memory, memory::fill_page_data};

/// 4 GiB. The operating system gives pages as they are touched.
pub const MEMORY_BYTES: u64 = 1 << 32;

/// Bytes from address 0 on. Loads and stores may lie at any address, as in Asterisc.
#[derive(Debug)]
pub struct FlatMemory {
    bytes: Vec<u8>,
    reservation: u64,
}

impl FlatMemory {
    fn load<const N: usize>(&self, address: u64) -> Result<[u8; N], Error> {
        let at = usize::try_from(address).map_err(|_| Error::MemOutOfBound)?;
        self.bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Error::MemOutOfBound)
    }

    fn store<const N: usize>(&mut self, address: u64, value: [u8; N]) -> Result<(), Error> {
        let at = usize::try_from(address).map_err(|_| Error::MemOutOfBound)?;
        let slot = self.bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
        *slot.ok_or(Error::MemOutOfBound)? = value;
        Ok(())
    }

    /// The bytes at `address`, for system calls.
    pub fn slice(&mut self, address: u64, length: u64) -> Result<&mut [u8], Error> {
        let end = address.checked_add(length).ok_or(Error::MemOutOfBound)?;
        let (start, end) = (usize::try_from(address), usize::try_from(end));
        let (Ok(start), Ok(end)) = (start, end) else { return Err(Error::MemOutOfBound) };
        self.bytes.get_mut(start..end).ok_or(Error::MemOutOfBound)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "stores write the low bytes of a register")]
impl Memory for FlatMemory {
    type REG = u64;

    fn new() -> Self {
        Self::new_with_memory(usize::try_from(MEMORY_BYTES).unwrap_or(usize::MAX))
    }

    fn new_with_memory(memory_size: usize) -> Self {
        Self { bytes: vec![0; memory_size], reservation: u64::MAX }
    }

    fn init_pages(
        &mut self,
        addr: u64,
        size: u64,
        _flags: u8,
        source: Option<Bytes>,
        offset_from_addr: u64,
    ) -> Result<(), Error> {
        fill_page_data(self, addr, size, source, offset_from_addr)
    }

    fn fetch_flag(&mut self, _page: u64) -> Result<u8, Error> {
        Ok(0)
    }

    fn set_flag(&mut self, _page: u64, _flag: u8) -> Result<(), Error> {
        Ok(())
    }

    fn clear_flag(&mut self, _page: u64, _flag: u8) -> Result<(), Error> {
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.bytes.len()
    }

    fn store_byte(&mut self, addr: u64, size: u64, value: u8) -> Result<(), Error> {
        self.slice(addr, size)?.fill(value);
        Ok(())
    }

    fn store_bytes(&mut self, addr: u64, value: &[u8]) -> Result<(), Error> {
        self.slice(addr, value.len() as u64)?.copy_from_slice(value);
        Ok(())
    }

    fn load_bytes(&mut self, addr: u64, size: u64) -> Result<Bytes, Error> {
        self.slice(addr, size).map(|bytes| Bytes::copy_from_slice(bytes))
    }

    fn execute_load16(&mut self, addr: u64) -> Result<u16, Error> {
        self.load(addr).map(u16::from_le_bytes)
    }

    fn execute_load32(&mut self, addr: u64) -> Result<u32, Error> {
        self.load(addr).map(u32::from_le_bytes)
    }

    fn load8(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr).map(|[byte]| byte.into())
    }

    fn load16(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr).map(|bytes| u16::from_le_bytes(bytes).into())
    }

    fn load32(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr).map(|bytes| u32::from_le_bytes(bytes).into())
    }

    fn load64(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr).map(u64::from_le_bytes)
    }

    fn store8(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, [*value as u8])
    }

    fn store16(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, (*value as u16).to_le_bytes())
    }

    fn store32(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, (*value as u32).to_le_bytes())
    }

    fn store64(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, value.to_le_bytes())
    }

    fn lr(&self) -> &u64 {
        &self.reservation
    }

    fn set_lr(&mut self, value: &u64) {
        self.reservation = *value;
    }
}
