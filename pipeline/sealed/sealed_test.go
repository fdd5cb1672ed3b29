package sealed_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

const secret, other = "a text that is long enough", "another text, long enough"

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func key(t testing.TB, text string) sealed.Key {
	t.Helper()
	k, err := sealed.NewKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// packet returns an IPv4 packet of n bytes, or an IPv6 one if n is at least 600.
func packet(n int) []byte {
	p := make([]byte, n)
	if n >= 600 {
		p[0] = 0x60
		binary.BigEndian.PutUint16(p[4:], uint16(n-40))
	} else {
		p[0] = 0x45
		binary.BigEndian.PutUint16(p[2:], uint16(n))
	}
	p[n-1] = byte(n)
	return p
}

// bare6 returns an IPv6 header of a packet without payload.
func bare6() []byte { return append([]byte{0x60}, make([]byte, 39)...) }

func opener(t testing.TB, senders int, texts ...string) *sealed.Opener {
	t.Helper()
	var keys []sealed.Key
	for _, text := range texts {
		keys = append(keys, key(t, text))
	}
	return sealed.NewOpener(keys, senders)
}

// open checks that a datagram is refused with the fault, or opened as the packet.
func open(t *testing.T, o *sealed.Opener, datagram []byte, at time.Time, want sealed.Fault, packet []byte) {
	t.Helper()
	got, fault := o.Open(bytes.Clone(datagram), at)
	if fault != want {
		t.Fatalf("%v, want %v", fault, want)
	}
	if fault == sealed.OK && !bytes.Equal(got, packet) {
		t.Fatalf("packet\n%x, want\n%x", got, packet)
	}
}

func TestRoundTrip(t *testing.T) {
	s, o := sealed.NewSealer(key(t, secret)), opener(t, 8, secret)
	for _, n := range []int{20, 56, 576, 1280, sealed.MaxPacket} {
		datagram := s.Seal(nil, packet(n), now)
		if len(datagram) != n+sealed.Overhead {
			t.Errorf("%d bytes for a packet of %d", len(datagram), n)
		}
		if bytes.Contains(datagram, packet(n)[:20]) {
			t.Error("the packet can be read")
		}
		open(t, o, datagram, now, sealed.OK, packet(n))
	}
	const mtu, ipv6, udp = 1500, 40, 8
	if n := len(s.Seal(nil, packet(1280), now)); n > mtu-ipv6-udp {
		t.Errorf("the longest PTB becomes %d bytes", n)
	}
}

func TestFaults(t *testing.T) {
	sealer := sealed.NewSealer(key(t, secret))
	seal := func(p []byte, at time.Time) []byte { return sealer.Seal(nil, p, at) }
	flip := func(i int) []byte {
		d := seal(packet(100), now)
		d[(i+len(d))%len(d)] ^= 1
		return d
	}
	for _, tc := range []struct {
		name     string
		datagram []byte
		want     sealed.Fault
	}{
		{"sound", seal(packet(100), now), sealed.OK},
		{"empty", nil, sealed.Malformed},
		{"one byte", []byte{1}, sealed.Malformed},
		{"no packet", seal(nil, now), sealed.NotIP},
		{"shorter than that", seal(nil, now)[:sealed.Overhead-1], sealed.Malformed},
		{"cut", seal(packet(100), now)[:100], sealed.Forged},
		{"extended", append(seal(packet(100), now), 0), sealed.Forged},
		{"too long", seal(packet(sealed.MaxPacket+1), now), sealed.Malformed},
		{"other version", flip(0), sealed.Malformed},
		{"first bit of the key id", flip(1), sealed.UnknownKey},
		{"last bit of the key id", flip(3), sealed.UnknownKey},
		{"sender", flip(4), sealed.Forged},
		{"counter", flip(27), sealed.Forged},
		{"time", flip(28), sealed.Forged},
		{"packet", flip(60), sealed.Forged},
		{"tag", flip(-1), sealed.Forged},
		{"other key", sealed.NewSealer(key(t, other)).Seal(nil, packet(100), now), sealed.UnknownKey},
		{"a minute ago", seal(packet(100), now.Add(-time.Minute)), sealed.OK},
		{"a minute ahead", seal(packet(100), now.Add(time.Minute)), sealed.OK},
		{"oldest", seal(packet(100), now.Add(-sealed.MaxAge)), sealed.OK},
		{"furthest ahead", seal(packet(100), now.Add(sealed.MaxAge)), sealed.OK},
		{"too old", seal(packet(100), now.Add(-sealed.MaxAge-1)), sealed.TooOld},
		{"ten minutes old", seal(packet(100), now.Add(-10*time.Minute)), sealed.TooOld},
		{"too far ahead", seal(packet(100), now.Add(sealed.MaxAge+1)), sealed.TooOld},
		{"lowest time", seal(packet(100), time.Unix(0, -1<<63)), sealed.TooOld},
		{"highest time", seal(packet(100), time.Unix(0, 1<<63-1)), sealed.TooOld},
		{"IP length too small", seal(append(packet(100), 0), now), sealed.NotIP},
		{"IP length too large", seal(packet(100)[:99], now), sealed.NotIP},
		{"IPv6 length too small", seal(append(packet(600), 0), now), sealed.NotIP},
		{"IPv4 header length", seal(append([]byte{0x44}, packet(100)[1:]...), now), sealed.NotIP},
		{"IP version", seal(append([]byte{0x55}, packet(100)[1:]...), now), sealed.NotIP},
		{"IPv4 header cut", seal(packet(19), now), sealed.NotIP},
		{"IPv6 header cut", seal([]byte{0x60, 30: 0}, now), sealed.NotIP},
		{"IPv6 without payload", seal(bare6(), now), sealed.OK},
		{"another version with the length of IPv6", seal(append([]byte{0x50}, packet(600)[1:]...), now), sealed.NotIP},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := opener(t, 8, secret)
			opened := packet(100)
			if tc.name == "IPv6 without payload" {
				opened = bare6()
			}
			open(t, o, tc.datagram, now, tc.want, opened)
			// What was refused has not spoilt what follows.
			next := sealed.NewSealer(key(t, secret)).Seal(nil, packet(100), now)
			open(t, o, next, now, sealed.OK, packet(100))
			open(t, o, next, now, sealed.Replayed, nil)
		})
	}
}

// TestInsecure opens what a sender without a key sealed, with no other key.
func TestInsecure(t *testing.T) {
	keys, err := sealed.Keys(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	datagram := sealed.NewSealer(keys[0]).Seal(nil, packet(100), now)
	open(t, sealed.NewOpener(keys, 8), datagram, now, sealed.OK, packet(100))
	open(t, opener(t, 8, secret), datagram, now, sealed.UnknownKey, nil)
	both, err := sealed.Keys([]string{secret}, true)
	if err != nil {
		t.Fatal(err)
	}
	open(t, sealed.NewOpener(both, 8), datagram, now, sealed.UnknownKey, nil)
}

func TestKeys(t *testing.T) {
	for _, tc := range []struct {
		name     string
		texts    []string
		insecure bool
		want     string // a part of the error; empty if there are keys
	}{
		{"one", []string{secret}, false, ""},
		{"two", []string{secret, other}, false, ""},
		{"shortest", []string{strings.Repeat("a", 16)}, false, ""},
		{"insecure", nil, true, ""},
		{"missing", nil, false, "is missing"},
		{"empty", []string{""}, false, "number 1 is too short: 0 bytes"},
		{"too short", []string{secret, strings.Repeat("a", 15)}, false, "number 2 is too short: 15 bytes, at least 16"},
		{"white space", []string{"  " + strings.Repeat("a", 15) + "\n"}, false, "number 1 is too short"},
		{"example", []string{sealed.Example}, false, "number 1 is the example"},
		{"twice", []string{secret, other, secret + "\n"}, false, "number 3 has the same id as number 1"},
		{"both", []string{secret}, true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			keys, err := sealed.Keys(tc.texts, tc.insecure)
			switch {
			case tc.want == "" && (err != nil || len(keys) != max(1, len(tc.texts))):
				t.Errorf("%d keys, error %v", len(keys), err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestRotation has a sender and a receiver at every step of a rotation.
func TestRotation(t *testing.T) {
	steps := [][]string{{secret}, {secret, other}, {other, secret}, {other}}
	for i, sends := range steps {
		for _, j := range []int{i - 1, i, i + 1} {
			if j < 0 || j >= len(steps) {
				continue
			}
			datagram := sealed.NewSealer(key(t, sends[0])).Seal(nil, packet(100), now)
			open(t, opener(t, 8, steps[j]...), datagram, now, sealed.OK, packet(100))
		}
	}
}

// TestWindow compares what is taken with a set of all counters that came.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s, o := sealed.NewSealer(key(t, secret)), opener(t, 8, secret)
	var datagrams [][]byte
	came := map[int]bool{}
	newest, refused := 0, 0
	for range 20000 {
		for len(datagrams) == 0 || random.IntN(3) == 0 {
			datagrams = append(datagrams, s.Seal(nil, packet(20), now))
			if random.IntN(500) == 0 { // many are lost
				datagrams = append(datagrams, make([][]byte, random.IntN(3*sealed.WindowLen))...)
				for i := range datagrams {
					if datagrams[i] == nil {
						datagrams[i] = s.Seal(nil, packet(20), now)
					}
				}
			}
		}
		i := max(0, len(datagrams)-1-random.IntN(2*sealed.WindowLen))
		if random.IntN(2) == 0 {
			i = max(0, len(datagrams)-1-random.IntN(8))
		}
		want := sealed.OK
		if came[i] || newest-i >= sealed.WindowLen {
			want, refused = sealed.Replayed, refused+1
		}
		if _, got := o.Open(bytes.Clone(datagrams[i]), now); got != want {
			t.Fatalf("number %d when %d was the newest: %v, want %v", i, newest, got, want)
		}
		if want == sealed.OK {
			came[i] = true
			newest = max(newest, i)
		}
	}
	if refused < 1000 || len(came) < 1000 {
		t.Errorf("%d taken, %d refused: the test says little", len(came), refused)
	}
}

// TestManySenders has more senders than are remembered: nothing is taken twice.
func TestManySenders(t *testing.T) {
	const room = 16
	o := opener(t, room, secret)
	var first [][]byte
	for i := range 4 * room {
		at := now.Add(time.Duration(i) * time.Millisecond)
		datagram := sealed.NewSealer(key(t, secret)).Seal(nil, packet(100), at)
		first = append(first, datagram)
		open(t, o, datagram, at, sealed.OK, packet(100))
		if n := o.Senders(); n != min(i+1, room) {
			t.Fatalf("%d senders after %d", n, i+1)
		}
	}
	for _, datagram := range first {
		open(t, o, datagram, now, sealed.Replayed, nil)
	}
	old := sealed.NewSealer(key(t, secret)).Seal(nil, packet(100), now)
	open(t, o, old, now, sealed.Replayed, nil) // maybe one of a sender that is forgotten
}

// TestTwoSenders has a datagram of one sender come again after another one was heard.
func TestTwoSenders(t *testing.T) {
	a, b, o := sealed.NewSealer(key(t, secret)), sealed.NewSealer(key(t, secret)), opener(t, 8, secret)
	first, second := a.Seal(nil, packet(100), now), a.Seal(nil, packet(100), now)
	open(t, o, first, now, sealed.OK, packet(100))
	open(t, o, second, now, sealed.OK, packet(100))
	open(t, o, b.Seal(nil, packet(56), now), now, sealed.OK, packet(56))
	open(t, o, second, now, sealed.Replayed, nil)
	open(t, o, first, now, sealed.Replayed, nil)
	open(t, o, b.Seal(nil, packet(56), now), now, sealed.OK, packet(56))
}

// TestPlaceOfAForgottenSender wants nothing to be left of a sender whose place another takes.
func TestPlaceOfAForgottenSender(t *testing.T) {
	a, b, o := sealed.NewSealer(key(t, secret)), sealed.NewSealer(key(t, secret)), opener(t, 1, secret)
	for range 2 * sealed.WindowLen {
		open(t, o, a.Seal(nil, packet(100), now), now, sealed.OK, packet(100))
	}
	later := now.Add(time.Second)
	for range 2 {
		open(t, o, b.Seal(nil, packet(100), later), later, sealed.OK, packet(100))
	}
}

func TestFaultNames(t *testing.T) {
	names := []string{"ok", "malformed", "unknown-key", "replayed", "forged", "too-old", "not-ip"}
	for i, want := range names {
		if got := sealed.Fault(i).String(); got != want {
			t.Errorf("fault %d is %q, want %q", i, got, want)
		}
	}
	if len(names) != int(sealed.Faults) || sealed.Faults.String() == "" {
		t.Errorf("%d faults, of which %d have names", sealed.Faults, len(names))
	}
}

// TestNoTwoNonces looks for a sender id or a nonce that comes twice.
func TestNoTwoNonces(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s := sealed.NewSealer(key(t, secret))
		for range 100 {
			seen[string(s.Seal(nil, packet(20), now)[4:28])] = true
		}
	}
	if len(seen) != 10000 {
		t.Errorf("%d nonces for 10000 datagrams", len(seen))
	}
}

// TestFormat opens a datagram that an earlier build sealed: the format does not change
// within a version.
func TestFormat(t *testing.T) {
	open(t, opener(t, 8, secret), golden(t), now, sealed.OK, packet(28))
}

func TestAllocations(t *testing.T) {
	s, o := sealed.NewSealer(key(t, secret)), opener(t, 8, secret)
	buffer, p := make([]byte, 0, 1500), packet(600)
	o.Open(s.Seal(buffer, p, now), now)
	for name, f := range map[string]func(){
		"sound":  func() { o.Open(s.Seal(buffer, p, now), now) },
		"forged": func() { d := s.Seal(buffer, p, now); d[60] ^= 1; o.Open(d, now) },
		"random": func() { o.Open(buffer[:600], now) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzOpen looks for datagrams that are taken though nobody sealed them.
func FuzzOpen(f *testing.F) {
	k := key(f, secret)
	for _, n := range []int{0, 20, 56, 600, 1280} {
		f.Add(sealed.NewSealer(k).Seal(nil, packet(max(n, 20))[:n], now), int64(0))
	}
	f.Add(golden(f), int64(time.Hour))
	f.Fuzz(func(t *testing.T, datagram []byte, offset int64) {
		o := sealed.NewOpener([]sealed.Key{k}, 4)
		at := now.Add(time.Duration(offset))
		packet, fault := o.Open(bytes.Clone(datagram), at)
		if fault >= sealed.Faults || (fault == sealed.OK) != (packet != nil) {
			t.Fatalf("%v with %d bytes", fault, len(packet))
		}
		if fault != sealed.OK {
			return
		}
		if len(packet) != len(datagram)-sealed.Overhead {
			t.Fatalf("a packet of %d bytes from %d", len(packet), len(datagram))
		}
		if _, fault := o.Open(bytes.Clone(datagram), at); fault != sealed.Replayed {
			t.Fatalf("the second time: %v", fault)
		}
		for i := range datagram {
			forged := bytes.Clone(datagram)
			forged[i] ^= 0x10
			if _, fault := sealed.NewOpener([]sealed.Key{k}, 4).Open(forged, at); fault == sealed.OK {
				t.Fatalf("byte %d may be changed", i)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s, buffer := sealed.NewSealer(key(b, secret)), make([]byte, 0, 1500)
	for _, n := range []int{56, 576, 1280} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := packet(n)
			b.ReportAllocs()
			for b.Loop() {
				s.Seal(buffer, p, now)
			}
		})
	}
}

// BenchmarkRefuse measures what it costs to refuse a datagram.
func BenchmarkRefuse(b *testing.B) {
	for _, n := range []int{56, 576, 1280} {
		s := sealed.NewSealer(key(b, secret))
		sound := s.Seal(nil, packet(n), now)
		forged, random := s.Seal(nil, packet(n), now), bytes.Repeat([]byte{1}, n)
		forged[60] ^= 1
		old := s.Seal(nil, packet(n), now.Add(-10*time.Minute))
		for _, tc := range []struct {
			name     string
			datagram []byte
			want     sealed.Fault
		}{
			{"forged", forged, sealed.Forged},
			{"replayed", sound, sealed.Replayed},
			{"too old", old, sealed.TooOld},
			{"random", random, sealed.UnknownKey},
		} {
			b.Run(fmt.Sprint(n, " ", tc.name), func(b *testing.B) {
				o := opener(b, sealed.DefaultSenders, secret)
				o.Open(bytes.Clone(sound), now)
				buffer := make([]byte, len(tc.datagram))
				b.ReportAllocs()
				for b.Loop() {
					copy(buffer, tc.datagram)
					if _, fault := o.Open(buffer, now); fault != tc.want {
						b.Fatal(fault)
					}
				}
			})
		}
	}
}
