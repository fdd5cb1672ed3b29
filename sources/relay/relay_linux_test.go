package relay_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/sources/internal/sourcetest"
	"github.com/pmtud/pmtud/sources/relay"
)

const secret = "a text that is long enough"

const listen = "127.0.0.1:4821"

func settings() *relay.Settings {
	s := relay.Plugin().NewSettings().(*relay.Settings)
	s.Listen, s.Key = listen, []string{secret}
	return s
}

func sealer(t testing.TB) *sealed.Sealer {
	t.Helper()
	key, err := sealed.NewKey(secret)
	netns.Must(t, err)
	return sealed.NewSealer(key)
}

// message returns a PTB's IP packet with an identification to know it by.
func message(id uint16) []byte {
	ip := pipelinetest.PTB{}.Frame()[14:]
	binary.BigEndian.PutUint16(ip[4:], id)
	return ip
}

// sender sends datagrams to the source.
type sender struct {
	t    testing.TB
	conn net.Conn
	*sealed.Sealer
}

func newSender(t testing.TB) *sender {
	t.Helper()
	netns.Own(t) // skips where the process has no loopback interface of its own
	conn, err := net.Dial("udp", listen)
	netns.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	return &sender{t, conn, sealer(t)}
}

func (s *sender) send(datagram []byte) {
	s.t.Helper()
	_, err := s.conn.Write(datagram)
	netns.Must(s.t, err)
}

func (s *sender) seal(id uint16) []byte { return s.Seal(nil, message(id), time.Now()) }

// source is a running one.
type source struct{ *sourcetest.Source }

func start(t testing.TB, s *relay.Settings, env pipeline.Env) source {
	t.Helper()
	netns.Own(t)
	return source{sourcetest.Start(t, relay.Plugin(), s, env)}
}

func (s source) refused(reason string) float64 { return s.Measured("refused_datagrams_total", reason) }

func TestPlugin(t *testing.T) {
	s, id := newSender(t), uint16(0)
	pipelinetest.TestSource(t, relay.Plugin(), settings(), func() {
		id++
		_, _ = s.conn.Write(s.seal(id)) // refused while nobody listens
	})
}

func TestPacket(t *testing.T) {
	in := start(t, settings(), pipelinetest.Env(t))
	s := newSender(t)
	before := time.Now()
	s.send(s.seal(7))
	p := in.Packet(t)
	if string(p.Data) != string(message(7)) || p.Length != len(p.Data) {
		t.Errorf("packet %x", p.Data)
	}
	if p.LinkType != linklayer.Raw || p.Origin != pipeline.OriginRelay {
		t.Errorf("link type %d, origin %d", p.LinkType, p.Origin)
	}
	if at := p.Time.Time(); at.Before(before) || time.Since(at) < 0 {
		t.Errorf("time %v", at)
	}
	if p.Decode(); p.PTB != 4 {
		t.Errorf("decoded as %+v", p.View)
	}
}

// TestRefused sends a datagram of each kind that is refused, and then a genuine one.
func TestRefused(t *testing.T) {
	in := start(t, settings(), pipelinetest.Env(t))
	s := newSender(t)
	again := s.seal(1)
	s.send(again)
	if id := in.ID(t); id != 1 {
		t.Fatalf("packet %d", id)
	}
	forged := s.seal(2)
	forged[len(forged)-1] ^= 1
	strange := s.seal(2)
	strange[1] ^= 1
	for _, tc := range []struct {
		reason   string
		datagram []byte
	}{
		{"malformed", again[:20]},
		{"malformed", nil},
		{"malformed", make([]byte, 9000)},
		{"unknown-key", strange},
		{"replayed", again},
		{"forged", forged},
		{"too-old", s.Seal(nil, message(2), time.Now().Add(-10*time.Minute))},
		{"too-old", s.Seal(nil, message(2), time.Now().Add(10*time.Minute))},
		{"not-ip", s.Seal(nil, []byte("no IP packet"), time.Now())},
		{"repeated", sealer(t).Seal(nil, message(1), time.Now())}, // of another host
	} {
		before := in.refused(tc.reason)
		s.send(tc.datagram)
		pipelinetest.Eventually(t, func() bool { return in.refused(tc.reason) == before+1 })
	}
	s.send(s.seal(3))
	if id := in.ID(t); id != 3 {
		t.Errorf("packet %d, want 3", id)
	}
	if n := in.Measured("received_datagrams_total", ""); n != 12 {
		t.Errorf("%v datagrams received, want 12", n)
	}
	if n := in.Measured("senders", ""); n != 2 {
		t.Errorf("%v senders, want 2", n)
	}
}

// TestReordered delivers datagrams that overtook each other, each once.
func TestReordered(t *testing.T) {
	in := start(t, settings(), pipelinetest.Env(t))
	s := newSender(t)
	var datagrams [][]byte
	for id := range 64 {
		datagrams = append(datagrams, s.seal(uint16(id)))
	}
	for i := range datagrams {
		s.send(datagrams[i^0x2a])
	}
	for i := range datagrams {
		if id := in.ID(t); int(id) != i^0x2a {
			t.Fatalf("packet %d, want %d", id, i^0x2a)
		}
	}
}

// TestArrived shares a memory with the other stages of a program.
func TestArrived(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Arrived = seen.Recent()
	in := start(t, settings(), env)
	s := newSender(t)
	env.Arrived.Add(env.Arrived.Packet(message(1)), time.Now().UnixNano())
	s.send(s.seal(1))
	s.send(s.seal(2))
	if id := in.ID(t); id != 2 {
		t.Errorf("packet %d, want 2", id)
	}
	if in.refused("repeated") != 1 {
		t.Error("the repetition is not counted")
	}
	if !env.Arrived.Has(env.Arrived.Packet(message(2)), time.Now().UnixNano()) {
		t.Error("the other stages don't know the packet")
	}
}

func TestFrom(t *testing.T) {
	s := settings()
	s.Listen = ":4821"
	s.From = []prefixset.Prefix{{Prefix: netip.MustParsePrefix("127.0.0.0/30")}, {Prefix: netip.MustParsePrefix("::1/128")}}
	in := start(t, s, pipelinetest.Env(t))
	sealer := sealer(t)
	for i, tc := range []struct {
		from, to string
		allowed  bool
	}{
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.9", "127.0.0.1", false},
		{"::1", "::1", true},
	} {
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(tc.from)}, &net.UDPAddr{IP: net.ParseIP(tc.to), Port: 4821})
		netns.Must(t, err)
		_, err = conn.Write(sealer.Seal(nil, message(uint16(i)), time.Now()))
		netns.Must(t, err, conn.Close())
		if !tc.allowed {
			pipelinetest.Eventually(t, func() bool { return in.refused("not-allowed") == 1 })
		} else if id := in.ID(t); int(id) != i {
			t.Errorf("packet %d, want %d", id, i)
		}
	}
}

// TestOpenTwice names what is taken.
func TestOpenTwice(t *testing.T) {
	start(t, settings(), pipelinetest.Env(t))
	second := sourcetest.New(t, relay.Plugin(), settings(), pipelinetest.Env(t))
	err := second.Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), listen) || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v", err)
	}
	netns.Must(t, second.Close())
}

// TestLost fills the socket's buffer while nobody reads.
func TestLost(t *testing.T) {
	s := newSender(t)
	in := sourcetest.New(t, relay.Plugin(), settings(), pipelinetest.Env(t))
	netns.Must(t, in.Open(t.Context()))
	datagram := s.seal(1)
	for sent := 0; in.Lost() == 0; sent++ {
		if s.send(datagram); sent > 1_000_000 {
			t.Fatal("nothing is lost")
		}
	}
	lost := in.Lost()
	netns.Must(t, in.Close())
	if got := in.Lost(); got != lost {
		t.Errorf("%d lost after Close, %d before", got, lost)
	}
}

func TestSettings(t *testing.T) {
	for _, tc := range []struct{ listen, want string }{
		{":4821", ""},
		{"0.0.0.0:1", ""},
		{"192.0.2.1:65535", ""},
		{"[2001:db8::1]:4821", ""},
		{"[fe80::1%eth0]:4821", ""},
		{"", `listen: "" is not an address with a port`},
		{"4821", `listen: "4821" is not an address with a port; write it as ":4821"`},
		{":0", `listen: ":0" has no port`},
		{":65536", `listen: ":65536" has no port`},
		{":udp", `listen: ":udp" has no port`},
		{"192.0.2.1:0", "has port 0"},
		{"2001:db8::1:4821", "is not an address with a port"},
		{"host.example:4821", "is not an address with a port"},
		{"224.0.0.1:4821", "is a multicast address"},
	} {
		t.Run(tc.listen, func(t *testing.T) {
			s := settings()
			s.Listen = tc.listen
			checkBuild(t, s, tc.want)
		})
	}
	for name, tc := range map[string]struct {
		change func(*relay.Settings)
		want   string
	}{
		"no key":           {func(s *relay.Settings) { s.Key = nil }, "key: is missing"},
		"insecure":         {func(s *relay.Settings) { s.Key, s.Insecure = nil, true }, ""},
		"key and insecure": {func(s *relay.Settings) { s.Insecure = true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			tc.change(s)
			checkBuild(t, s, tc.want)
		})
	}
}

func checkBuild(t *testing.T, s *relay.Settings, want string) {
	t.Helper()
	_, err := relay.Plugin().Build(s, pipelinetest.Env(t))
	if got := fmt.Sprint(err); !strings.Contains(got, want) || (err == nil) != (want == "") {
		t.Errorf("error %q, want %q", got, want)
	}
}

// TestStopDelivers stops a source whose pipeline was busy: what has come by then is delivered.
func TestStopDelivers(t *testing.T) {
	netns.Own(t)
	made, err := relay.New(*settings(), pipelinetest.Env(t))
	netns.Must(t, err)
	opener := made.(pipeline.Opener)
	netns.Must(t, opener.Open(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	got, busy, release, done := 0, make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- made.Run(ctx, func(batch []pipeline.Packet) {
			if got += len(batch); got == 1 {
				close(busy)
				<-release
			}
		})
	}()
	s := newSender(t)
	s.send(s.seal(0))
	<-busy
	const more = 200
	for i := range more {
		s.send(s.seal(uint16(i + 1)))
	}
	stop()
	close(release)
	netns.Must(t, <-done, opener.Close())
	if lost := made.(pipeline.LossySource).Lost(); got != more+1 || lost != 0 {
		t.Errorf("%d of %d delivered, %d lost", got, more+1, lost)
	}
}
