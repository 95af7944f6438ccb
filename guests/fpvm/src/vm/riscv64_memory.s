# memcpy, memmove and memset in few steps, where loads and stores may lie at any address.
# a0: destination, and the result; a1: source (memset: the byte); a2: how many bytes.
# The last bytes of 8 and more are moved as a whole word that overlaps the one before it.

.section .text.memcpy, "ax", @progbits
.globl memcpy
.type memcpy, @function
memcpy:
    sltiu t0, a2, 8
    bnez t0, 3f
    mv t1, a0
    add t2, a0, a2          # end of the destination
    add t3, a1, a2          # end of the source
    addi t4, a2, -64
    bltz t4, 2f
    add t4, t4, a0          # the last place where 64 bytes fit
1:  ld a3, 0(a1)
    ld a4, 8(a1)
    ld a5, 16(a1)
    ld a6, 24(a1)
    ld a7, 32(a1)
    ld t0, 40(a1)
    ld t5, 48(a1)
    ld t6, 56(a1)
    sd a3, 0(t1)
    sd a4, 8(t1)
    sd a5, 16(t1)
    sd a6, 24(t1)
    sd a7, 32(t1)
    sd t0, 40(t1)
    sd t5, 48(t1)
    sd t6, 56(t1)
    addi a1, a1, 64
    addi t1, t1, 64
    bgeu t4, t1, 1b
2:  ld t5, -8(t3)           # read before anything below is written
    addi t2, t2, -8
    bgeu t1, t2, 5f
4:  ld t0, 0(a1)
    sd t0, 0(t1)
    addi a1, a1, 8
    addi t1, t1, 8
    bltu t1, t2, 4b
5:  sd t5, 0(t2)
    ret
3:  beqz a2, 7f
    mv t1, a0
    add t2, a0, a2
6:  lbu t0, 0(a1)
    sb t0, 0(t1)
    addi a1, a1, 1
    addi t1, t1, 1
    bltu t1, t2, 6b
7:  ret
.size memcpy, . - memcpy

.section .text.memmove, "ax", @progbits
.globl memmove
.type memmove, @function
memmove:
    sub t0, a0, a1
    bgeu t0, a2, forwards   # the destination is below the source, or past its end
    add t1, a0, a2
    add a1, a1, a2
    sltiu t0, a2, 8
    bnez t0, 3f
    sub t4, a1, a2          # the source
    ld t5, 0(t4)            # its first word, written last
    addi t2, a0, 8
    bgeu t2, t1, 2f
1:  ld t0, -8(a1)
    addi a1, a1, -8
    addi t1, t1, -8
    sd t0, 0(t1)
    bltu t2, t1, 1b
2:  sd t5, 0(a0)
    ret
3:  beq t1, a0, 5f
4:  lbu t0, -1(a1)
    addi a1, a1, -1
    addi t1, t1, -1
    sb t0, 0(t1)
    bne t1, a0, 4b
5:  ret
forwards:
    sltiu t0, a2, 8
    bnez t0, 8f
    mv t1, a0
    add t2, a0, a2
    add t3, a1, a2
    ld t5, -8(t3)
    addi t2, t2, -8
    bgeu t1, t2, 7f
6:  ld t0, 0(a1)
    addi a1, a1, 8
    sd t0, 0(t1)
    addi t1, t1, 8
    bltu t1, t2, 6b
7:  sd t5, 0(t2)
    ret
8:  beqz a2, 10f
    mv t1, a0
    add t2, a0, a2
9:  lbu t0, 0(a1)
    sb t0, 0(t1)
    addi a1, a1, 1
    addi t1, t1, 1
    bltu t1, t2, 9b
10: ret
.size memmove, . - memmove

.section .text.memset, "ax", @progbits
.globl memset
.type memset, @function
memset:
    mv t1, a0
    add t2, a0, a2
    sltiu t0, a2, 8
    bnez t0, 4f
    andi a1, a1, 0xff
    beqz a1, 1f
    slli t0, a1, 8
    or a1, a1, t0
    slli t0, a1, 16
    or a1, a1, t0
    slli t0, a1, 32
    or a1, a1, t0
1:  addi t2, t2, -8
    addi t4, t2, -56        # the last place where 64 bytes fit
    bltu t4, t1, 3f
2:  sd a1, 0(t1)
    sd a1, 8(t1)
    sd a1, 16(t1)
    sd a1, 24(t1)
    sd a1, 32(t1)
    sd a1, 40(t1)
    sd a1, 48(t1)
    sd a1, 56(t1)
    addi t1, t1, 64
    bgeu t4, t1, 2b
3:  bgeu t1, t2, 6f
    sd a1, 0(t1)
    addi t1, t1, 8
    j 3b
6:  sd a1, 0(t2)
    ret
4:  beqz a2, 7f
5:  sb a1, 0(t1)
    addi t1, t1, 1
    bltu t1, t2, 5b
7:  ret
.size memset, . - memset
