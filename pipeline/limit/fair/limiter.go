package fair

import (
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// Limiter limits the rate of all keys together and shares it between them. Keys are
// hashes of 64 bits under a secret of the caller's. It is not safe for concurrent
// use.
type Limiter struct {
	rate   limit.Rate
	bucket limit.Bucket
	short  bool // a packet was refused and the bucket has not been full since

	open      limit.Rate
	newcomers limit.Bucket

	tariff tariff
	memory *memory
	next   turn
}

// turn is what Allows found out about a packet, for Charge.
type turn struct {
	ref   ref
	share Share
}

// Share is the reason why a packet passes.
type Share uint8

// Shares of the total.
const (
	Plenty Share = iota // there is no shortage
	Known               // a key that is remembered
	Open                // a newcomer, from the share that is open to newcomers
	Rest                // a newcomer, from what nobody else asked for
)

// Shares is the number of shares.
const Shares = 4

// New makes a limiter of a rate and a burst as [limit.NewRate] takes them, which
// remembers so many keys. The burst has to be 10 packets at least, at 1000 per second
// 18 packets. Errors name the setting, "rate" or "burst".
func New(rate, burst float64, keys int) (*Limiter, error) {
	total, err := limit.NewRate(rate, burst)
	if err != nil {
		return nil, err
	}
	if burst == 0 {
		burst = rate * limit.BurstSeconds
	}
	prices, err := newTariff(rate, burst)
	if err != nil {
		return nil, err
	}
	open, err := prices.openShare(rate)
	if err != nil {
		return nil, err
	}
	return &Limiter{
		rate: total, bucket: limit.Full, open: open, newcomers: limit.Full,
		tariff: prices, memory: newMemory(keys),
	}, nil
}

// Plenty reports whether a packet with any key may pass at the time now.
func (l *Limiter) Plenty(now pipeline.Instant) bool {
	return l.plenty(now) && l.rate.Has(l.bucket, now)
}

// Foresee brings what is known of keys into the processor's cache, before Allows is called
// for each of them: at once, since each takes as long as all of them.
func (l *Limiter) Foresee(keys []uint64) { l.memory.touch(keys) }

// Allows reports whether a packet with this key may pass at the time now. It takes
// nothing; but if the packet may not pass, the limiter remembers that the key asked.
func (l *Limiter) Allows(key uint64, now pipeline.Instant) bool {
	r, rec := l.look(key, now)
	share, ok := l.grounds(r.found, rec, now)
	if !ok {
		l.short = true
		l.memory.set(r, rec)
		return false
	}
	l.next = turn{r, share}
	return true
}

// Charge takes the packet off the credit about which Allows was asked just before,
// and returns why it passes.
func (l *Limiter) Charge(now pipeline.Instant) Share {
	if l.next.share == Plenty {
		l.short = false
	}
	l.bucket = l.rate.Charge(l.bucket, now)
	if l.next.share == Open {
		l.newcomers = l.open.Charge(l.newcomers, now)
	}
	l.memory.set(l.next.ref, record{served: now})
	return l.next.share
}

// look returns the record of a key that asks now.
func (l *Limiter) look(key uint64, now pipeline.Instant) (ref, record) {
	r, rec := l.memory.find(key)
	if !r.found {
		return r, l.tariff.firstAsk(now)
	}
	return r, l.tariff.askAgain(rec, now)
}

// grounds returns a packet's share, and whether there is something left of it.
func (l *Limiter) grounds(known bool, rec record, now pipeline.Instant) (Share, bool) {
	if l.plenty(now) {
		return Plenty, l.rate.Has(l.bucket, now)
	}
	share, price := l.price(known, rec, now)
	return share, l.rate.HasBeyond(l.bucket, now, price)
}

// plenty reports whether there is no shortage.
func (l *Limiter) plenty(now pipeline.Instant) bool {
	return !l.short || l.rate.Refilled(l.bucket, now)
}

// price returns a packet's share and price in a shortage.
func (l *Limiter) price(known bool, rec record, now pipeline.Instant) (Share, int64) {
	switch {
	case known:
		return Known, l.tariff.known(rec, now)
	case l.open.Has(l.newcomers, now):
		return Open, l.tariff.entrance()
	}
	return Rest, l.tariff.highest
}

// Describe returns what Allows will look at, for logs and terminals.
func (l *Limiter) Describe(key uint64, now pipeline.Instant) string {
	credit := "credit for " + l.rate.Describe(l.bucket, now)
	if l.plenty(now) {
		return credit
	}
	r, rec := l.look(key, now)
	_, price := l.price(r.found, rec, now)
	return fmt.Sprintf("%s; in this shortage %s needs %.2f", credit, rec.describe(r.found, now), float64(price)/parts+1)
}

func (r record) describe(known bool, now pipeline.Instant) string {
	wait := time.Duration(r.wait(now)).Round(time.Millisecond)
	switch {
	case !known:
		return "a newcomer"
	case r.newcomer:
		return fmt.Sprintf("a newcomer at repetition %d", r.again)
	}
	return fmt.Sprintf("one that was served %v ago", wait)
}
