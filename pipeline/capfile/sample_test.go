package capfile_test

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

var le = binary.LittleEndian

// samplePackets makes so many Ethernet packets of 42 to 141 bytes, with time
// stamps of whole microseconds. It makes the same ones each time.
func samplePackets(n int) []pipeline.Packet {
	random := rand.New(rand.NewPCG(1, 2))
	packets := make([]pipeline.Packet, n)
	time := pipeline.Instant(1_767_323_045_000_006_000)
	for i := range packets {
		data := make([]byte, 42+random.IntN(100))
		for j := range data {
			data[j] = byte(random.Uint32())
		}
		time += pipeline.Instant(random.IntN(2000)) * 1000
		packets[i] = pipeline.Packet{Data: data, Length: len(data) + i%3, Time: time, LinkType: linklayer.Ethernet}
	}
	return packets
}

func asWritten(packets []pipeline.Packet) []captured {
	var all []captured
	for i := range packets {
		all = append(all, of(&packets[i]))
	}
	return all
}
