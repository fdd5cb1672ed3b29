package key_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestHashSpreads puts keys as networks have them (and as somebody would choose
// them who wants collisions) into as many slots as keys, under many seeds. Of keys
// thrown at random, 10 or more share a slot once in a thousand tables.
func TestHashSpreads(t *testing.T) {
	const slots = 4096
	for _, tc := range []struct {
		name string
		key  func(i uint64) key.Key
	}{
		{"IPv4, one after the other", func(i uint64) key.Key { return router4(t, 0xc0000000+i) }},
		{"IPv4, one of each /24", func(i uint64) key.Key { return router4(t, 0xc0000001+i<<8) }},
		{"IPv4, one of each /12", func(i uint64) key.Key { return router4(t, i<<20) }},
		{"IPv6, one after the other", func(i uint64) key.Key { return router6(t, 0x20010db8<<32, i) }},
		{"IPv6, one of each /64", func(i uint64) key.Key { return router6(t, 0x20010db8<<32+i, 1) }},
		{"IPv6, one of each /12", func(i uint64) key.Key { return router6(t, i<<52, 1) }},
		{"IPv6, both halves alike", func(i uint64) key.Key { return router6(t, i, i) }},
		{"IPv6, one host, MTUs", func(i uint64) key.Key { return client6(t, 0, 1, i) }},
		{"IPv6, one host, large MTUs", func(i uint64) key.Key { return client6(t, 0, 1, i<<20) }},
		{"IPv6, hosts and MTUs alike", func(i uint64) key.Key { return client6(t, 0, i, i) }},
		{"IPv6, hosts and MTUs alike as the key has them", func(i uint64) key.Key { return client6(t, 0, i<<8|6, i) }},
		{"IPv6, hosts and MTUs, 64 each", func(i uint64) key.Key { return client6(t, 0, i%64, i/64) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var keys []key.Key
			for i := range uint64(slots) {
				keys = append(keys, tc.key(i))
			}
			random := rand.New(rand.NewPCG(1, 77))
			crowded := 0
			for range 100 {
				longest := longestChain(keys, [2]uint64{random.Uint64(), random.Uint64()})
				if longest > 12 {
					crowded++
				}
				if longest > 64 {
					t.Errorf("%d keys share a slot", longest)
				}
			}
			if crowded > 3 {
				t.Errorf("more than 12 keys share a slot under %d of 100 seeds", crowded)
			}
		})
	}
}

// TestHashOfOddSeeds has seeds of which a part is zero, or almost: other parts of the
// key must make other hashes still. Some keys fit one half of the seed, and meet the other.
func TestHashOfOddSeeds(t *testing.T) {
	mtus := func(i uint64) key.Key { return client6(t, 0x20010db8<<32, 1, i) }
	for _, tc := range []struct {
		seed [2]uint64
		key  func(i uint64) key.Key
	}{
		{[2]uint64{1 << 63, 12345}, mtus},
		{[2]uint64{12345, 0}, mtus},
		{[2]uint64{3, 3}, mtus},
		{[2]uint64{^uint64(0), 7}, mtus},
		{[2]uint64{12345, 0}, func(i uint64) key.Key { return router4(t, i) }},
		{[2]uint64{1, 12345}, func(i uint64) key.Key { return router6(t, i<<32, 1^6) }},
		{[2]uint64{12345, 1}, func(i uint64) key.Key { return router6(t, i<<32, 1^6) }},
	} {
		hashes := map[uint64]bool{}
		for i := range uint64(4096) {
			hashes[tc.key(i).Hash(tc.seed)] = true
		}
		if len(hashes) < 4090 {
			t.Errorf("seed %x: 4096 keys have %d hashes", tc.seed, len(hashes))
		}
	}
}

func longestChain(keys []key.Key, seed [2]uint64) (longest int) {
	used := make([]int, len(keys))
	for _, k := range keys {
		slot := k.Hash(seed) % uint64(len(keys))
		used[slot]++
		longest = max(longest, used[slot])
	}
	return longest
}

func router4(t *testing.T, addr uint64) key.Key {
	ip := make([]byte, 20)
	ip[0] = 0x45
	binary.BigEndian.PutUint32(ip[12:], uint32(addr))
	return keyOf(t, "router", ip)
}

func router6(t *testing.T, high, low uint64) key.Key {
	ip := make([]byte, 40)
	ip[0] = 0x60
	binary.BigEndian.PutUint64(ip[8:], high)
	binary.BigEndian.PutUint64(ip[16:], low)
	return keyOf(t, "router", ip)
}

func client6(t *testing.T, high, low, mtu uint64) key.Key {
	ip := make([]byte, 40+8+40)
	ip[0], ip[5], ip[6], ip[40], ip[48] = 0x60, 8+40, 58, 2, 0x60
	binary.BigEndian.PutUint32(ip[44:], uint32(mtu))
	binary.BigEndian.PutUint64(ip[48+24:], high)
	binary.BigEndian.PutUint64(ip[48+32:], low)
	return keyOf(t, "client,mtu", ip)
}

func keyOf(t *testing.T, list string, ip []byte) key.Key {
	p := pipeline.Packet{Data: ip, LinkType: linklayer.Raw, Time: pipelinetest.Begin}
	p.Decode()
	return extractor(t, list).Key(&p)
}
