//! A block cipher that takes a few blocks at once, whatever the machine could do. Where a processor takes 64, the library
//! makes six kilobytes of stack ready for them, for a message of any length.

use aes_gcm::aes::Block;
use aes_gcm::aes::cipher::array::Array;
use aes_gcm::aes::cipher::consts::{U8, U16};
use aes_gcm::aes::cipher::inout::{InOut, InOutBuf};
use aes_gcm::aes::cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit, KeySizeUser,
    ParBlocksSizeUser,
};
use zeroize::ZeroizeOnDrop;

/// Eight at once, which is more than any machine takes that knows nothing of AES.
pub(crate) struct Few<C>(C);

impl<C: KeySizeUser> KeySizeUser for Few<C> {
    type KeySize = C::KeySize;
}

impl<C: KeyInit> KeyInit for Few<C> {
    fn new(key: &Array<u8, C::KeySize>) -> Self {
        Self(C::new(key))
    }
}

impl<C: ZeroizeOnDrop> ZeroizeOnDrop for Few<C> {}

impl<C> BlockSizeUser for Few<C> {
    type BlockSize = U16;
}

impl<C> ParBlocksSizeUser for Few<C> {
    type ParBlocksSize = U8;
}

impl<C: BlockCipherEncrypt<BlockSize = U16>> BlockCipherEncrypt for Few<C> {
    fn encrypt_with_backend(&self, closure: impl BlockCipherEncClosure<BlockSize = U16>) {
        closure.call(self);
    }
}

impl<C: BlockCipherEncrypt<BlockSize = U16>> BlockCipherEncBackend for Few<C> {
    fn encrypt_block(&self, block: InOut<'_, '_, Block>) {
        self.0.encrypt_block_inout(block);
    }

    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, Array<Block, U8>>) {
        self.encrypt_tail_blocks(blocks.into_buf());
    }

    #[inline(never)]
    fn encrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block>) {
        self.0.encrypt_blocks_inout(blocks);
    }
}
