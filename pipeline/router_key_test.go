package pipeline_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// TestRouterKeyHashSpreads puts keys as networks have them (and as somebody would
// choose them who wants collisions) into as many slots as keys, under many seeds.
// Of keys thrown at random, 10 or more share a slot once in a thousand tables.
func TestRouterKeyHashSpreads(t *testing.T) {
	const slots = 4096
	for _, tc := range []struct {
		name string
		key  func(i uint64) pipeline.RouterKey
	}{
		{"IPv4, one after the other", func(i uint64) pipeline.RouterKey { return pipeline.RouterKey{Low: 0xc0000000 + i, Version: 4} }},
		{"IPv4, one of each /24", func(i uint64) pipeline.RouterKey { return pipeline.RouterKey{Low: 0xc0000001 + i<<8, Version: 4} }},
		{"IPv4, one of each /12", func(i uint64) pipeline.RouterKey { return pipeline.RouterKey{Low: i << 20, Version: 4} }},
		{"IPv6, one after the other", func(i uint64) pipeline.RouterKey {
			return pipeline.RouterKey{High: 0x20010db8 << 32, Low: i, Version: 6}
		}},
		{"IPv6, one of each /64", func(i uint64) pipeline.RouterKey {
			return pipeline.RouterKey{High: 0x20010db8<<32 + i, Low: 1, Version: 6}
		}},
		{"IPv6, one of each /12", func(i uint64) pipeline.RouterKey { return pipeline.RouterKey{High: i << 52, Low: 1, Version: 6} }},
		{"IPv6, both halves alike", func(i uint64) pipeline.RouterKey { return pipeline.RouterKey{High: i, Low: i, Version: 6} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			random := newRand(1)
			crowded := 0
			for range 100 {
				seed := [2]uint64{random.Uint64(), random.Uint64()}
				var used [slots]int
				longest := 0
				for i := range uint64(slots) {
					slot := tc.key(i).Hash(seed) % slots
					used[slot]++
					longest = max(longest, used[slot])
				}
				if longest > 12 {
					crowded++
				}
				if longest > 64 {
					t.Errorf("seed %x: %d keys share a slot", seed, longest)
				}
			}
			if crowded > 3 {
				t.Errorf("more than 12 keys share a slot under %d of 100 seeds", crowded)
			}
		})
	}
}
