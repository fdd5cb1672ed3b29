package limit

import (
	"fmt"
	"math"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// BurstSeconds is the default capacity of a bucket, in seconds of its rate.
const BurstSeconds = 1.9

// Bounds of a rate, in packets per second.
const (
	MinRate = 0.001
	MaxRate = 1e9
)

// Rate is the pace of a token bucket. A bucket's credit is counted in nanoseconds:
// it grows by one per nanosecond up to the capacity, and a packet costs what the
// rate earns in the time between two packets.
type Rate struct {
	cost     int64
	capacity int64
}

// NewRate makes a Rate of a number of packets per second and a burst in packets;
// burst 0 means BurstSeconds times the rate. A bucket always has room for one
// packet. Errors name the setting, "rate" or "burst".
func NewRate(rate, burst float64) (Rate, error) {
	if !(rate >= MinRate && rate <= MaxRate) {
		return Rate{}, setting.Errorf("rate", "%v is not between %v and %v packets per second", rate, MinRate, fmt.Sprint(int(MaxRate)))
	}
	if burst == 0 {
		burst = rate * BurstSeconds
	} else if !(burst >= 1 && burst <= MaxRate) {
		return Rate{}, setting.Errorf("burst", "%v is not between 1 and %v packets", burst, fmt.Sprint(int(MaxRate)))
	}
	cost := math.Floor(1e9 / rate)
	capacity := math.Floor(burst * cost)
	if capacity > math.MaxInt64/4 {
		return Rate{}, setting.Errorf("burst", "%v packets at %v per second would take centuries to refill", burst, rate)
	}
	return Rate{cost: int64(cost), capacity: max(int64(cost), int64(capacity))}, nil
}

// Bucket is a token bucket: the time at which its credit was, or would have been,
// zero. It belongs to one Rate, which the caller keeps. A bucket never used is
// full; [Full] is one.
type Bucket pipeline.Instant

// Full is a bucket that was never used.
const Full Bucket = math.MinInt64

// Has reports whether the bucket can pay for a packet at the time now.
func (r Rate) Has(b Bucket, now pipeline.Instant) bool {
	return r.Refilled(b, now) || int64(now)-int64(b) >= r.cost
}

// HasBeyond reports whether the bucket can pay for a packet at the time now and
// keep credit for parts/1024 packets, which are fewer than a million.
func (r Rate) HasBeyond(b Bucket, now pipeline.Instant, parts int64) bool {
	need := r.cost + r.cost*parts>>10
	return need <= r.capacity && int64(b) <= int64(now)-need
}

// ReadyAt returns the time from which on the bucket can pay for a packet.
func (r Rate) ReadyAt(b Bucket) pipeline.Instant {
	if b == Full {
		return math.MinInt64
	}
	return pipeline.Instant(int64(b) + r.cost)
}

// Charge returns the bucket after it paid for a packet at the time now.
func (r Rate) Charge(b Bucket, now pipeline.Instant) Bucket {
	if r.Refilled(b, now) {
		b = Bucket(int64(now) - r.capacity)
	}
	return b + Bucket(r.cost)
}

// Refilled reports whether the bucket is full at the time now, so that it can be
// forgotten without any effect.
func (r Rate) Refilled(b Bucket, now pipeline.Instant) bool {
	return int64(b) <= int64(now)-r.capacity
}

// Describe returns how many packets the bucket can pay for at the time now, and at
// most, for logs and terminals.
func (r Rate) Describe(b Bucket, now pipeline.Instant) string {
	credit := r.capacity
	if !r.Refilled(b, now) {
		credit = int64(now) - int64(b)
	}
	return fmt.Sprintf("%.2f of %.2f packets", float64(credit)/float64(r.cost), float64(r.capacity)/float64(r.cost))
}
