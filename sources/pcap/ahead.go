package pcap

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// copyDelay is how long a packet is remembered whose copy was lost.
const copyDelay = time.Second

// ahead remembers the packets that were delivered before their copies. The copies come in nearly
// the same order, except for those that are lost. Packets with the same bytes are as good as one
// another.
type ahead struct {
	seed    maphash.Seed
	packets []aheadPacket // the oldest one first
}

type aheadPacket struct {
	digest uint64
	at     pipeline.Instant
}

func newAhead() ahead { return ahead{seed: maphash.MakeSeed()} }

// add takes a packet that is about to be delivered.
func (a *ahead) add(p *pipeline.Packet) {
	a.packets = append(a.packets, aheadPacket{a.digest(p), p.Time})
}

// without moves what is no copy to the beginning of batch and returns how many those are.
func (a *ahead) without(batch []pipeline.Packet) int {
	n := 0
	for i := range batch {
		if len(a.packets) > 0 && a.takeCopy(&batch[i]) {
			continue
		}
		if n < i {
			batch[n] = batch[i]
		}
		n++
	}
	return n
}

// takeCopy reports whether a packet is a copy.
func (a *ahead) takeCopy(p *pipeline.Packet) bool {
	lost := 0
	for lost < len(a.packets) && p.Time-a.packets[lost].at > pipeline.Instant(copyDelay) {
		lost++
	}
	a.packets = slices.Delete(a.packets, 0, lost)
	digest := a.digest(p)
	i := slices.IndexFunc(a.packets, func(one aheadPacket) bool { return one.digest == digest })
	if i < 0 {
		return false
	}
	a.packets = slices.Delete(a.packets, i, i+1)
	return true
}

// digest is the same for a packet and its copy. A packet that comes out and in again, as on a
// loopback interface, is two of different types.
func (a *ahead) digest(p *pipeline.Packet) uint64 {
	return maphash.Bytes(a.seed, p.Data) ^ uint64(p.Length)<<8 ^ uint64(p.Type)
}
