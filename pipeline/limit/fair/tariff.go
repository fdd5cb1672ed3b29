package fair

import (
	"math"
	"math/bits"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Prices are counted in parts of a packet, and so are logarithms to the base 2.
const (
	partBits = 10
	parts    = 1 << partBits
)

const (
	// A wait that is longer than this takes nothing more off the price: so many
	// seconds, and the time of so many packets at least.
	longestSeconds = 64
	longestPackets = 256

	// A doubling of the wait takes at most so many packets off the price.
	maxStep = 4

	// Below the burst there is room for the highest price, for the packet that is
	// paid for, and for one that nobody asked for.
	spare = 2

	// A newcomer is credited with a wait of so long, and for the time of so many
	// packets at least.
	creditedWait    = time.Second
	creditedPackets = 4

	// Asking again takes so many packets off a newcomer's price. The first time
	// counts when patience has passed since it asked first, the second time after
	// twice as long, and so on, so that repeating at once is of no use. Linux repeats
	// a TCP segment after 200 ms, after another 400 ms, and so on.
	discount = 3
	patience = 150 * time.Millisecond
	maxAgain = 64
)

// tariff has the prices: the credit that has to be left when a packet passes. They
// are made of integers, so that all processors agree.
type tariff struct {
	shortest, longest int64 // bounds of a wait in nanoseconds
	step              int64 // what a doubling of the wait takes off
	credited          int64 // the wait of a newcomer in nanoseconds
	highest           int64 // the price of the shortest wait
}

// newTariff makes the tariff for a total of so many packets per second and at once.
func newTariff(rate, burst float64) (tariff, error) {
	shortest := 1e9 / rate
	longest := max(longestSeconds*1e9, longestPackets*shortest)
	doublings := math.Log2(longest / shortest)
	if burst < doublings+spare {
		return tariff{}, setting.Errorf("burst",
			"%v packets at once are too few to share them fairly; at %v per second it takes %v", burst, rate, math.Ceil(doublings+spare))
	}
	step := min((burst-spare)/doublings, maxStep)
	t := tariff{
		shortest: int64(shortest), longest: int64(longest), step: int64(step * parts),
		credited: int64(max(float64(creditedWait), creditedPackets*shortest)),
	}
	t.highest = t.price(t.shortest)
	return t, nil
}

// price returns the price after a wait in nanoseconds.
func (t *tariff) price(wait int64) int64 {
	wait = min(max(wait, t.shortest), t.longest)
	return (log2(t.longest) - log2(wait)) * t.step >> partBits
}

// known returns the price for a key with this record.
func (t *tariff) known(r record, now pipeline.Instant) int64 {
	return max(t.price(r.wait(now))-int64(r.again)*discount*parts, 0)
}

// entrance returns the price for a newcomer from the open share.
func (t *tariff) entrance() int64 { return t.price(t.credited) }

// openShare returns the pace of the share that is open to newcomers: half of the
// rate, and at once half of the credit that there is in a shortage.
func (t *tariff) openShare(rate float64) (limit.Rate, error) {
	return limit.NewRate(max(rate/2, limit.MinRate), (float64(t.highest)/parts+spare)/2)
}

// log2 returns the logarithm of x > 0: exact for powers of two, linear between them.
func log2(x int64) int64 {
	exponent := bits.Len64(uint64(x)) - 1
	mantissa := uint64(x) << (63 - exponent) << 1 >> (64 - partBits)
	return int64(exponent)<<partBits | int64(mantissa)
}
