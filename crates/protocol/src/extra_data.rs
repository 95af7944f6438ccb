//! What a header's extra data says about the base fee of the blocks after it (I-045).

use crate::{forks::ExtraData, system_config::Eip1559Params};
use alloy_primitives::Bytes;

/// The decoded content; zeros where the format has no such field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaseFeeSettings {
    /// Denominator and elasticity; neither is zero from Holocene.
    pub eip1559: Eip1559Params,
    /// The least base fee, in wei, from Jovian.
    pub min_base_fee: u64,
}

/// Extra data that the fork does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtraDataError {
    /// Another length than the format's.
    #[error("extra data has {expected} bytes, not {actual}")]
    Length {
        /// What the fork demands.
        expected: usize,
        /// What there is.
        actual: usize,
    },
    /// Another version than the format's.
    #[error("extra data of unknown version {0}")]
    Version(u8),
    /// A zero denominator or elasticity.
    #[error("extra data holds denominator {} and elasticity {}", .0.denominator, .0.elasticity)]
    Zero(Eip1559Params),
}

impl BaseFeeSettings {
    /// ```text
    /// |                                                                          |   before Holocene
    /// | 0: version 0 | 1..5: denominator | 5..9: elasticity |                    |   Holocene
    /// | 0: version 1 | 1..5: denominator | 5..9: elasticity | 9..17: minBaseFee  |   Jovian
    /// ```
    pub fn encode(&self, format: ExtraData) -> Bytes {
        let params = self.eip1559.to_bytes();
        match format {
            ExtraData::Empty => Bytes::new(),
            ExtraData::Eip1559 => [&[0][..], &params].concat().into(),
            ExtraData::Eip1559AndMinBaseFee => {
                [&[1][..], &params, &self.min_base_fee.to_be_bytes()].concat().into()
            }
        }
    }

    /// Reads the extra data of a block whose rules ask for `format`. Before Holocene nothing is read, as genesis blocks
    /// may hold anything.
    pub fn decode(format: ExtraData, extra_data: &[u8]) -> Result<Self, ExtraDataError> {
        let length = |expected| ExtraDataError::Length { expected, actual: extra_data.len() };
        let (version, params, min_base_fee) = match format {
            ExtraData::Empty => return Ok(Self::default()),
            ExtraData::Eip1559 => {
                let &[version, ref params @ ..] = <&[u8; 9]>::try_from(extra_data).map_err(|_| length(9))?;
                (version, *params, 0)
            }
            ExtraData::Eip1559AndMinBaseFee => {
                let &[version, ref fields @ ..] =
                    <&[u8; 17]>::try_from(extra_data).map_err(|_| length(17))?;
                let [d0, d1, d2, d3, e0, e1, e2, e3, min @ ..] = *fields;
                (version, [d0, d1, d2, d3, e0, e1, e2, e3], u64::from_be_bytes(min))
            }
        };
        if version != u8::from(format == ExtraData::Eip1559AndMinBaseFee) {
            return Err(ExtraDataError::Version(version));
        }
        let eip1559 = Eip1559Params::from_u64(u64::from_be_bytes(params));
        if eip1559.denominator == 0 || eip1559.elasticity == 0 {
            return Err(ExtraDataError::Zero(eip1559));
        }
        Ok(Self { eip1559, min_base_fee })
    }
}
