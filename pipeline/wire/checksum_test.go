package wire_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// plainSum is RFC 1071 word by word.
func plainSum(sum uint64, b []byte) uint64 {
	if len(b)%2 == 1 {
		b = append(bytes.Clone(b), 0)
	}
	for ; len(b) > 0; b = b[2:] {
		sum += uint64(binary.BigEndian.Uint16(b))
	}
	return sum
}

func TestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 130 {
		for _, fill := range []int{0, 0xff, -1} {
			b := make([]byte, n)
			for i := range b {
				if b[i] = byte(fill); fill < 0 {
					b[i] = byte(random.Uint32())
				}
			}
			for _, start := range []uint64{0, random.Uint64() >> 20} {
				if got, want := wire.Checksum(wire.Sum(start, b)), wire.Checksum(plainSum(start, b)); got != want {
					t.Errorf("%d bytes of %d to %d: checksum %04x, want %04x", n, fill, start, got, want)
				}
			}
		}
	}
}

// TestCarries has sums in which each addition overflows.
func TestCarries(t *testing.T) {
	const all = 1<<64 - 1
	for n := range 9 {
		b := bytes.Repeat([]byte{0xff}, 8*n)
		if got := wire.Checksum(wire.Sum(all, b)); got != 0 {
			t.Errorf("%d words of ones: checksum %04x, want 0", n, got)
		}
		for _, rest := range []int{0, 1, 2, 3} { // the last bytes, of which the sum may overflow, too
			odd := append(b, 0xff, 0xff, 0xff)[:len(b)+rest]
			for start, small := range map[uint64]uint64{1: 1, all: 0xffff} { // which folds to small
				want := wire.Checksum(plainSum(small, odd))
				if got := wire.Checksum(wire.Sum(start, odd)); got != want {
					t.Errorf("%x, %d words of ones and %d bytes: checksum %04x, want %04x", start, n, rest, got, want)
				}
			}
		}
	}
}

// TestChecksums renews the checksums that gopacket computed.
func TestChecksums(t *testing.T) {
	for name, b := range map[string][]byte{"IPv4": packet4(t), "IPv6": packet6(t)} {
		t.Run(name, func(t *testing.T) {
			want := bytes.Clone(b)
			ip := wire.ParseIP(b)
			message := b[ip.HeaderLen():]
			if wire.Checksum(ip.ICMPSum(message)) != 0 {
				t.Error("the message's checksum is wrong")
			}
			message[2], message[3] = 0xab, 0xcd
			if ip.Version == 4 {
				b[10], b[11] = 0xab, 0xcd
			}
			ip.SetChecksum()
			ip.SetICMPChecksum(message)
			if !bytes.Equal(b, want) {
				t.Errorf("got  % x\nwant % x", b, want)
			}
		})
	}
}

// TestChecksumOfZeros has the only sum that is 0.
func TestChecksumOfZeros(t *testing.T) {
	message := make([]byte, 8)
	ip := wire.ParseIP(packet4(t))
	ip.SetICMPChecksum(message)
	if want := []byte{2: 0xff, 3: 0xff, 7: 0}; !bytes.Equal(message, want) || ip.ICMPSum(make([]byte, 8)) != 0 {
		t.Errorf("got % x, want % x", message, want)
	}
}

// TestSetTTL sets every TTL of headers with every kind of checksum. Right ones stay
// right, wrong ones stay as wrong as they were.
func TestSetTTL(t *testing.T) {
	for id := range 1 << 16 {
		b := packet4(t)[:20]
		binary.BigEndian.PutUint16(b[4:], uint16(id))
		ip := wire.ParseIP(b)
		ip.SetChecksum()
		ip.SetTTL(uint8(id * 31))
		if ip.TTL() != uint8(id*31) || wire.Checksum(wire.Sum(0, b)) != 0 {
			t.Fatalf("id %d: TTL %d, header % x", id, ip.TTL(), b)
		}
	}
	b := packet4(t)
	b[11]++
	wire.ParseIP(b).SetTTL(1)
	if got := wire.Checksum(wire.Sum(0, b[:20])); got != 0xfffe {
		t.Errorf("a checksum that was wrong by one is wrong by %04x", ^got)
	}
	b = packet6(t)
	want := bytes.Clone(b)
	want[7] = 9
	wire.ParseIP(b).SetTTL(9)
	wire.IP{}.SetTTL(9)
	if !bytes.Equal(b, want) {
		t.Errorf("IPv6: got  % x\nwant % x", b, want)
	}
}
