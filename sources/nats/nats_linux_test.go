package nats_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsio "github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/sources/internal/sourcetest"
	"github.com/pmtud/pmtud/sources/nats"
)

const secret = "a text that is long enough"

const listen = "listen: 127.0.0.1:4222\n"

func settings(t testing.TB) *nats.Settings {
	t.Helper()
	netns.Own(t) // skips where the process has no loopback interface of its own
	s := nats.Plugin().NewSettings().(*nats.Settings)
	s.Key = []string{secret}
	s.Servers = make([]natslink.Server, 1)
	netns.Must(t, s.Servers[0].UnmarshalText([]byte("nats://127.0.0.1:4222")))
	return s
}

// message returns a PTB's IP packet with an identification to know it by.
func message(id uint16) []byte {
	ip := pipelinetest.PTB{}.Frame()[14:]
	binary.BigEndian.PutUint16(ip[4:], id)
	return ip
}

// publisher publishes to the source, as somebody else's sink.
type publisher struct {
	t       testing.TB
	conn    *natsio.Conn
	subject string
	*natslink.Writer
}

func newPublisher(t testing.TB, key ...string) *publisher {
	t.Helper()
	conn, err := natsio.Connect("nats://127.0.0.1:4222")
	netns.Must(t, err)
	t.Cleanup(conn.Close)
	w, err := natslink.NewWriter(&natslink.Settings{Key: key})
	netns.Must(t, err)
	return &publisher{t, conn, "pmtud.ptb", w}
}

func (p *publisher) publish(message []byte) {
	p.t.Helper()
	netns.Must(p.t, p.conn.Publish(p.subject, message), p.conn.Flush())
}

// seal returns the message with a packet, sent now.
func (p *publisher) seal(id uint16) []byte { return p.Append(nil, message(id), time.Now()) }

// source is a running one.
type source struct{ *sourcetest.Source }

func start(t testing.TB, s *nats.Settings, env pipeline.Env) source {
	t.Helper()
	return source{sourcetest.Start(t, nats.Plugin(), s, env)}
}

// started starts a server and a source that is connected to it.
func started(t testing.TB, s *nats.Settings, env pipeline.Env) source {
	t.Helper()
	natsserver.Start(t, listen)
	in := start(t, s, env)
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	return in
}

func (s source) refused(reason string) float64 { return s.Measured("refused_messages_total", reason) }

func TestPlugin(t *testing.T) {
	s := settings(t)
	natsserver.StartProcess(t, listen)
	p, id := newPublisher(t, secret), uint16(0)
	pipelinetest.TestSource(t, nats.Plugin(), s, func() {
		id++
		p.publish(p.seal(id))
	})
}

func TestPacket(t *testing.T) {
	for _, key := range [][]string{{secret}, nil} {
		t.Run(fmt.Sprint("key ", key), func(t *testing.T) {
			s := settings(t)
			s.Key = key
			in := started(t, s, pipelinetest.Env(t))
			out := newPublisher(t, key...)
			before := time.Now()
			out.publish(out.seal(7))
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
		})
	}
}

// TestRefused publishes a message of each kind that is refused, and then a genuine one.
func TestRefused(t *testing.T) {
	env := pipelinetest.Env(t)
	var log pipelinetest.Buffer
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	in := started(t, settings(t), env)
	out, other := newPublisher(t, secret), newPublisher(t, "the text of another key")
	again := out.seal(1)
	out.publish(again)
	if id := in.ID(t); id != 1 {
		t.Fatalf("packet %d", id)
	}
	forged := out.seal(2)
	forged[len(forged)-1] ^= 1
	env.Published.Add(env.Published.Packet(message(5)), time.Now().UnixNano())
	for _, tc := range []struct {
		reason  string
		message []byte
	}{
		{"malformed", nil},
		{"malformed", again[:20]},
		{"too-large", make([]byte, 9000)},
		{"other-version", []byte("somebody else's")},
		{"other-version", append([]byte{2}, again[1:]...)},
		{"not-sealed", newPublisher(t).seal(2)},
		{"unknown-key", other.seal(2)},
		{"replayed", again},
		{"forged", forged},
		{"too-old", out.Append(nil, message(2), time.Now().Add(-6*time.Second))},
		{"too-old", out.Append(nil, message(2), time.Now().Add(6*time.Second))},
		{"not-ip", out.Append(nil, []byte("no IP packet"), time.Now())},
		{"own", out.seal(5)},
		{"repeated", newPublisher(t, secret).seal(1)}, // of another host
	} {
		before := in.refused(tc.reason)
		out.publish(tc.message)
		pipelinetest.Eventually(t, func() bool { return in.refused(tc.reason) == before+1 })
	}
	out.publish(out.seal(3))
	if id := in.ID(t); id != 3 {
		t.Errorf("packet %d, want 3", id)
	}
	if n := in.Measured("received_messages_total", ""); n != 16 {
		t.Errorf("%v messages received, want 16", n)
	}
	logged := map[string]int{} // by reason; of those that somebody can do something about, the first
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "a message is refused: ") {
			_, reason, _ := strings.Cut(strings.TrimSpace(line), " reason=")
			logged[reason]++
		}
	}
	want := map[string]int{"malformed": 1, "too-large": 1, "other-version": 1, "not-sealed": 1, "unknown-key": 1, "forged": 1, "too-old": 1}
	if diff := cmp.Diff(want, logged); diff != "" {
		t.Errorf("log of refused messages (-want +got):\n%s", diff)
	}
}

// TestRefusedWithoutKey is about plain messages.
func TestRefusedWithoutKey(t *testing.T) {
	s := settings(t)
	s.Key = nil
	in := started(t, s, pipelinetest.Env(t))
	out := newPublisher(t)
	for _, tc := range []struct {
		reason  string
		message []byte
	}{
		{"unknown-key", newPublisher(t, secret).seal(1)},
		{"malformed", out.seal(1)[:24]},
		{"not-ip", out.seal(1)[:25]},
		{"not-ip", append(out.seal(1), 0)},
		{"too-old", out.Append(nil, message(2), time.Now().Add(-6*time.Second))},
		{"too-old", out.Append(nil, message(2), time.Now().Add(6*time.Second))},
	} {
		before := in.refused(tc.reason)
		out.publish(tc.message)
		pipelinetest.Eventually(t, func() bool { return in.refused(tc.reason) == before+1 })
	}
	out.publish(out.seal(3))
	if id := in.ID(t); id != 3 {
		t.Errorf("packet %d, want 3", id)
	}
}

// TestTargets subscribes to some addresses only.
func TestTargets(t *testing.T) {
	s := settings(t)
	netns.Must(t, s.Subject.UnmarshalText([]byte("pmtud.{target}")))
	s.Targets = []prefixset.Prefix{
		{Prefix: netip.MustParsePrefix("203.0.113.80/32")},
		{Prefix: netip.MustParsePrefix("192.0.2.0/24")},
		{Prefix: netip.MustParsePrefix("2001:db8:4::/48")},
	}
	in := started(t, s, pipelinetest.Env(t))
	out := newPublisher(t, secret)
	for i, tc := range []struct {
		target string
		comes  bool
	}{
		{"203.0.113.80", true},
		{"203.0.113.81", false},
		{"192.0.2.9", true},
		{"192.0.3.9", false},
		{"2001:db8:4::80", true},
		{"2001:db8:5::80", false},
		{"192.0.2.1", true},
	} {
		out.subject = s.Subject.For(netip.MustParseAddr(tc.target))
		out.publish(out.seal(uint16(i)))
		if !tc.comes {
			continue
		}
		if id := in.ID(t); int(id) != i {
			t.Errorf("packet %d, want %d", id, i)
		}
	}
	if n := in.Measured("received_messages_total", ""); n != 4 {
		t.Errorf("%v messages received, want 4", n)
	}
}

// TestServerComesBack kills the server and starts another, to which the source subscribes.
func TestServerComesBack(t *testing.T) {
	s := settings(t)
	server := natsserver.Start(t, listen)
	in := start(t, s, pipelinetest.Env(t))
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	natsserver.Stop(server)
	complainer := in.Source.Source.(pipeline.HealthChecker)
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 0 && complainer.Health() != nil })
	natsserver.Start(t, listen)
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	if err := complainer.Health(); err != nil {
		t.Error(err)
	}
	out := newPublisher(t, secret)
	out.publish(out.seal(9))
	if id := in.ID(t); id != 9 {
		t.Errorf("packet %d, want 9", id)
	}
}

// TestSlow fills what waits for a pipeline that does not take it, within its bounds.
func TestSlow(t *testing.T) {
	s := settings(t)
	natsserver.Start(t, listen)
	in := sourcetest.New(t, nats.Plugin(), s, pipelinetest.Env(t))
	netns.Must(t, in.Open(t.Context()))
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	out := newPublisher(t, secret)
	large := make([]byte, 900<<10)
	for sent := 0; in.Lost() == 0; sent++ {
		if out.publish(large); sent > 100 {
			t.Fatal("nothing is lost")
		}
	}
	pipelinetest.Eventually(t, func() bool { return in.Measured("troubles_total", "slow-consumer") > 0 })
	lost := in.Lost()
	netns.Must(t, in.Close())
	if got := in.Lost(); got < lost {
		t.Errorf("%d lost after Close, %d before", got, lost)
	}
}

func TestSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*nats.Settings)
		want   string
	}{
		"sound":              {func(*nats.Settings) {}, ""},
		"no servers":         {func(s *nats.Settings) { s.Servers = nil }, "servers: is empty"},
		"no key":             {func(s *nats.Settings) { s.Key = nil }, ""},
		"short key":          {func(s *nats.Settings) { s.Key = []string{"short"} }, "key: number 1 is too short"},
		"the example":        {func(s *nats.Settings) { s.Key = []string{sealed.Example} }, "key: number 1 is the example"},
		"user and token":     {func(s *nats.Settings) { s.User, s.Token = "u", "t" }, "token: is one way to authenticate, and `user` is another"},
		"creds and nkey":     {func(s *nats.Settings) { s.Creds, s.NKey = "c", "n" }, "nkey: is one way to authenticate, and `creds` is another"},
		"password alone":     {func(s *nats.Settings) { s.Pass = "p" }, "password: is set without `user`"},
		"certificate alone":  {func(s *nats.Settings) { s.Cert = "c" }, "tls_cert: is set without `tls_key`"},
		"key of none":        {func(s *nats.Settings) { s.CertKey = "c" }, "tls_key: is set without `tls_cert`"},
		"targets, no token":  {func(s *nats.Settings) { s.Targets = []prefixset.Prefix{prefixset.Single(netip.MustParseAddr("::1"))} }, "targets: are given, but the subject pmtud.ptb has no token {target}"},
		"targets, no tokens": {oddTarget, "targets: 192.0.2.0/25 can't be a wildcard"},
		"max_age":            {func(s *nats.Settings) { s.MaxAge = 0 }, "max_age: must be from 100ms to 2m"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t)
			tc.change(s)
			_, err := nats.Plugin().Build(s, pipelinetest.Env(t))
			if got := fmt.Sprint(err); !strings.Contains(got, tc.want) || (err == nil) != (tc.want == "") {
				t.Errorf("error %q, want %q", got, tc.want)
			}
		})
	}
}

func oddTarget(s *nats.Settings) {
	_ = s.Subject.UnmarshalText([]byte("a.{target}"))
	s.Targets = []prefixset.Prefix{{Prefix: netip.MustParsePrefix("192.0.2.0/25")}}
}
