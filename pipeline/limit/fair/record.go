package fair

import "github.com/pmtud/pmtud/pipeline"

// record is what is remembered of a key.
type record struct {
	// When the key was served last; for a newcomer, when it would have been.
	served pipeline.Instant
	// Set until the key is served for the first time.
	newcomer bool
	// How many times a newcomer has asked again, as far as they count.
	again uint8
}

// wait returns for how long the key has waited, in nanoseconds.
func (r record) wait(now pipeline.Instant) int64 { return int64(now - r.served) }

// firstAsk returns the record of a key that nothing is known of.
func (t *tariff) firstAsk(now pipeline.Instant) record {
	return record{served: now - pipeline.Instant(t.credited), newcomer: true}
}

// askAgain returns the record of a known key that asks again.
func (t *tariff) askAgain(r record, now pipeline.Instant) record {
	since := r.wait(now) - t.credited
	if r.newcomer && r.again < maxAgain && since >= (int64(r.again)+1)*int64(patience) {
		r.again++
	}
	return r
}
