// Package fair limits the rate of many keys together. While that rate is enough for
// all, it is a plain token bucket. When it is not, those who were served little go
// first, so that neither a few noisy keys nor a flood of forged ones starve the rest.
//
// There is no queue: a packet passes now or not at all. Those who were
// refused ask again instead, as everybody does who has a reason to.
//
// # The algorithm
//
// A shortage begins with a refused packet and ends when the bucket is full again.
// While it lasts, every packet has a price: the credit that has to be left in the
// bucket when it passes, which still takes one packet off it. The price falls by
// `step` packets with each doubling of the time since the key was served last, from
// 1/rate, the highest price, to 64 s (256/rate at low rates), where it is 0. The step
// is as large as the burst allows, between 1 and 4 packets. So the credit in the bucket
// settles where just those pass who have waited the longest, however many they are:
// nobody has to estimate a fair rate. Whoever takes credit leaves enough of it for
// those who have waited longer.
//
// A key that nothing is known of is a newcomer. Newcomers together may take half of
// the rate at the price after a second of waiting, which puts them before keys that
// were served within the last second. Beyond their half they pay the highest price:
// they get what nobody else asks for. A newcomer that is refused is remembered. When
// it comes back it is known, and goes before all newcomers: its price is 3 packets
// lower for each time that it asks again, the n-th of which counts only n times 150 ms
// after its first. A flood of forged keys does not come back; a client does, since TCP
// repeats what is not acknowledged after 200 ms, another 400 ms, and so on.
//
// # What is guaranteed
//
// R is the rate, B the burst, n the number of keys that ask. Time is what the caller
// says.
//
//   - In any stretch of time T at most R·T + B packets pass.
//   - Until the first one is refused, and whenever the bucket is full again, packets
//     pass exactly as with a plain token bucket.
//   - Nothing is wasted: a shortage leaves at most the highest price unused, once.
//   - Among known keys that were served before, let d be the longest time between two
//     packets of a key that waits. When another one passes that has waited for w (at
//     least 1/R), the first has waited for no longer than w × 2^⌈R·d⌉ + d. Waits count
//     up to 64 s here, as in prices. Proof: at its last packet there was less credit
//     than its price and one, at most d ago; since then at most R·d was added; and now
//     there is at least the other's price and one. So their prices differ by less than
//     R·d, and a step is 1 at least.
//   - So a key that asks at least every 1/R is served at least every 4(n+B)/R, apart
//     from those that are served for the first time. Proof: let it wait for y. All who
//     pass after it has waited for x have waited for at least about x/2 themselves, so
//     each of them passes at most 1 + log2(y/x) times; together they use up
//     R(y-x) - B. With x = y/3 that gives y < 3.9(n+B)/R. While newcomers take their
//     half, it is twice as long.
//   - The keys' values do not matter, but for two of them being equal: the same packets
//     under another secret are decided alike. See below.
//
// Measured in packet time by the tests of this package: n keys, from 2 to 1000, that
// ask at random for four times their share each, one of them for 400 times its share,
// at rates of 10, 100 and 1000: while everybody's share is 40 packets, each gets 31 or
// more, and the noisy one 45 to 102. Keys have no credit of their own, so who asks at
// random for just its share gets about half of it, because packets that come soon
// after a pass are lost; who asks for more comes nearer to it. One packet in 700 of
// keys that ask at random for a tenth of their share is refused.
//
// A flood of 100,000 packets of forged keys a second, at a rate of 1000 and with a
// memory of 131,072 keys, beside 200 clients that ask as TCP repeats:
//
//	forged keys                          99 of 100 clients have passed after
//	each once                            0.2 s (twice: 0.6 s)
//	each ten times at once               0.2 s
//	each twice, half a second apart      0.6 s
//	a million, one after the other       0.2 s (twice: 0.6 s)
//	sixteen million, at random           0.6 s
//	a million, at random                 1.4 s
//
// Known keys get half of the rate between them under such a flood, if they ask for it,
// in shares that differ by 2 %.
//
// # What is not
//
//   - Who repeats forged keys is as many clients as there are keys, and gets what they
//     would get: with a thousand of them beside 200 clients, five sixths of the rate.
//     With 100,000 keys that he repeats each second, a client waits for 100 s.
//   - Who knows a key and forges it takes its turns.
//   - The rate bounds everything: of more than R·t newcomers that all come back, not
//     all have passed after the time t.
//   - Keys are forgotten. See below.
//
// # Memory
//
// The memory holds a fixed number of keys, 40 bytes each at most, and drops the one that came
// longest ago for a new one. A key is remembered until at least 7/8 as many other keys
// have asked as there is room for; a flood of 100,000 forged keys a second goes through
// 131,072 places in 1.15 s. A client that asks again later than that is a newcomer
// again. More memory is not better throughout: with two million keys, also those that
// are drawn at random out of a million come back.
//
// A packet costs about 15 ns in a shortage if its key's place is in the processor's
// cache. One of a new key costs 55 to 90 ns with 131,072 keys on a busy machine: the 2 MiB
// by which these are looked for are then in the cache in part only.
//
// Keys are compared by 64 bits of a hash. If it is a good one, a packet is taken for
// that of another key, out of 131,072, with a probability of 2^-47: once in 44 years of
// that flood. Otherwise nothing depends on the secret of the hash: not what is
// forgotten, and no decision.
//
// # Where it comes from
//
// Serving the key that was served least recently is round robin, which is fair in the
// sense of max-min (E. Hahne, Round-Robin Scheduling for Max-Min Fairness in Data
// Networks, IEEE JSAC 9(7), 1991). Holding capacity back from those with less of a
// claim is trunk reservation, known from telephony, and the optimal policy there
// (B. Miller, A Queueing Reward System with Several Customer Classes, Management
// Science 16(3), 1969). Dropping fairly without a queue for each key, as in Core-Stateless
// Fair Queueing (Stoica, Shenker, Zhang, SIGCOMM 1998) and Approximate Fair Dropping
// (Pan, Breslau, Prabhakar, Shenker, Approximate Fairness through Differential
// Dropping, ACM CCR 33(2), 2003), works with estimated rates and drops at random; prices
// need neither. That those who come back are genuine is the idea of greylisting (RFC
// 6647).
package fair
