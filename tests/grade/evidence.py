"""What a test that really ran must report: the values it hands to um_value(), predicted from the nonce."""

from grade.records import MASK, mix


def fork_cow(nonce):
    # Pages with bit 1 set were written by the parent (2) after the fork, the others before it (1).
    return [sum(mix(nonce + (2 if i & 2 else 1), i) for i in range(256)) & MASK]


def fork_tree(nonce):
    # Page 8 as the root, process 1, wrote it after its fork.
    return [mix(nonce + 3, 8)]


def fork_generations(nonce):
    return [mix(nonce, 9999)]


def fork_shared(nonce):
    return [sum(mix(nonce + i % 3, i) for i in range(64)) & MASK]


def fork_deep(nonce):
    return [mix(nonce, 0)]


def mmap_many(nonce):
    return [sum(mix(nonce, i) for i in range(3000)) & MASK]


def stack_grows(nonce):
    deep = (7 << 20) // 4100
    return [sum(mix(nonce, i) + i for i in range(deep + 1)) & MASK]


def smp_ring(nonce):
    return [sum(mix(nonce, i) + 8 * 150 for i in range(3)) & MASK]
