package natslink_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

const listen = "listen: 127.0.0.1:4222\n"

// link is one that is open, with what it logs.
type link struct {
	*natslink.Link
	log pipelinetest.Buffer
}

// settings have a server of this process.
func settings(t testing.TB, server string) natslink.Settings {
	t.Helper()
	netns.Own(t) // skips where the process has no loopback interface of its own
	s := natslink.Settings{Servers: make([]natslink.Server, 1)}
	netns.Must(t, s.Servers[0].UnmarshalText([]byte(server)), s.Subject.UnmarshalText([]byte("pmtud.ptb")))
	return s
}

func open(t *testing.T, s natslink.Settings, connected func(*nats.Conn) error) *link {
	t.Helper()
	l := &link{}
	l.Link = natslink.New(natslink.Config{
		Settings: s, Name: "pmtud test", Log: slog.New(slog.NewTextHandler(&l.log, nil)), Connected: connected,
	})
	netns.Must(t, s.Check(), l.Open(t.Context()))
	t.Cleanup(func() { netns.Must(t, l.Close()) })
	return l
}

// connects wants a connection, and a message to go over it.
func (l *link) connects(t *testing.T) {
	t.Helper()
	pipelinetest.Eventually(t, func() bool { return l.Conn() != nil })
	netns.Must(t, l.Health(), l.Conn().Publish("pmtud.ptb", []byte{1}), l.Conn().Flush(), l.Conn().LastError())
}

// fails wants a trouble, a complaint, and one line of the log.
func (l *link) fails(t *testing.T, reason string) {
	t.Helper()
	pipelinetest.Eventually(t, func() bool { return l.counted(reason) >= 3 })
	if err := l.Health(); err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("complaint %v, want %s", err, reason)
	}
	if n := strings.Count(l.log.String(), "reason="+reason); n != 1 {
		t.Errorf("%s is logged %d times:\n%s", reason, n, &l.log)
	}
}

func (l *link) counted(reason string) (n float64) {
	l.Measure(func(metric int, label string, value float64) {
		if natslink.Metrics()[metric].Name == "troubles_total" && label == reason {
			n = value
		}
	})
	return n
}

// TestUsers is about servers that let nobody in without credentials.
func TestUsers(t *testing.T) {
	user, err := nkeys.CreateUser()
	netns.Must(t, err)
	public, err := user.PublicKey()
	netns.Must(t, err)
	seed, err := user.Seed()
	netns.Must(t, err)
	nkey := file(t, "user.nk", seed)
	operator, creds := trust(t)
	for _, tc := range []struct {
		name, server string
		change       func(*natslink.Settings)
	}{
		{"user", "authorization: {user: pmtud, password: secret}\n", func(s *natslink.Settings) { s.User, s.Pass = "pmtud", "secret" }},
		{"token", "authorization: {token: secret}\n", func(s *natslink.Settings) { s.Token = "secret" }},
		{"nkey", "authorization: {users: [{nkey: " + public + "}]}\n", func(s *natslink.Settings) { s.NKey = nkey }},
		{"creds", operator, func(s *natslink.Settings) { s.Creds = creds }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			right := settings(t, "127.0.0.1")
			tc.change(&right)
			wrong := settings(t, "127.0.0.1")
			natsserver.Start(t, listen+tc.server)
			open(t, right, nil).connects(t)
			open(t, wrong, nil).fails(t, "not-authorized")
		})
	}
}

// TestRenewedKey has a user get another key while the server is away.
func TestRenewedKey(t *testing.T) {
	nkey := filepath.Join(t.TempDir(), "user.nk")
	renew := func() (server string) {
		user, err := nkeys.CreateUser()
		netns.Must(t, err)
		seed, err := user.Seed()
		netns.Must(t, err)
		public, err := user.PublicKey()
		netns.Must(t, err, os.WriteFile(nkey, seed, 0o600))
		return listen + "authorization: {users: [{nkey: " + public + "}]}\n"
	}
	s := settings(t, "127.0.0.1")
	s.NKey = nkey
	first := natsserver.Start(t, renew())
	l := open(t, s, nil)
	l.connects(t)
	natsserver.Stop(first)
	l.fails(t, "unreachable")
	netns.Must(t, os.Remove(nkey))
	pipelinetest.Eventually(t, func() bool { return strings.Contains(l.Health().Error(), "read NKey") })
	natsserver.Start(t, renew())
	l.connects(t)
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	netns.Must(t, os.WriteFile(path, content, 0o600))
	return path
}

// trust makes an operator with an account and a user: what a server needs to know of them, and
// the user's credentials.
func trust(t *testing.T) (server, creds string) {
	t.Helper()
	operator, err := nkeys.CreateOperator()
	netns.Must(t, err)
	account, err := nkeys.CreateAccount()
	netns.Must(t, err)
	user, err := nkeys.CreateUser()
	netns.Must(t, err)
	id := func(k nkeys.KeyPair) string {
		public, err := k.PublicKey()
		netns.Must(t, err)
		return public
	}
	o, err := jwt.NewOperatorClaims(id(operator)).Encode(operator)
	netns.Must(t, err)
	a, err := jwt.NewAccountClaims(id(account)).Encode(operator)
	netns.Must(t, err)
	u, err := jwt.NewUserClaims(id(user)).Encode(account)
	netns.Must(t, err)
	seed, err := user.Seed()
	netns.Must(t, err)
	decorated, err := jwt.FormatUserConfig(u, seed)
	netns.Must(t, err)
	return fmt.Sprintf("operator: %s\nresolver: MEMORY\nresolver_preload: {%s: %s}\n", o, id(account), a), file(t, "user.creds", decorated)
}

// TestPermissions is about users that may not publish or not subscribe.
func TestPermissions(t *testing.T) {
	s := settings(t, "127.0.0.1")
	s.User, s.Pass = "pmtud", "secret"
	natsserver.Start(t, listen+`authorization: {users: [{user: pmtud, password: secret, permissions: {publish: "a.>", subscribe: "b.>"}}]}`)
	publisher := open(t, s, nil)
	pipelinetest.Eventually(t, func() bool { return publisher.Conn() != nil })
	for range 3 {
		netns.Must(t, publisher.Conn().Publish("b.c", nil), publisher.Conn().Flush())
	}
	pipelinetest.Eventually(t, func() bool { return publisher.counted("not-permitted") == 3 })
	if err := publisher.Health(); err == nil || !strings.Contains(err.Error(), "Permissions Violation for Publish") {
		t.Errorf("complaint %v", err)
	}
	if n := strings.Count(publisher.log.String(), "the user may not use the subject"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &publisher.log)
	}
	if publisher.Conn() == nil {
		t.Error("the connection was given up")
	}
	subscriber := open(t, s, func(c *nats.Conn) error {
		_, err := c.Subscribe("a.b", func(*nats.Msg) {})
		return err
	})
	pipelinetest.Eventually(t, func() bool { return subscriber.counted("not-permitted") > 0 })
	pipelinetest.Eventually(t, func() bool {
		err := subscriber.Health()
		return err != nil && strings.Contains(err.Error(), "Permissions Violation for Subscription")
	})
	pipelinetest.Eventually(t, func() bool { return subscriber.Conn() == nil }) // to try again
	time.Sleep(500 * time.Millisecond)                                          // the time of some attempts, were it another trouble
	if n := subscriber.metric("connections_total"); n != 1 {
		t.Errorf("%v connections", n)
	}
}

// TestFull has a server that takes one connection. It says so and closes others, which may not
// get to read it.
func TestFull(t *testing.T) {
	s := settings(t, "127.0.0.1")
	natsserver.Start(t, listen+"max_connections: 1\n")
	open(t, s, nil).connects(t)
	l := open(t, s, nil)
	pipelinetest.Eventually(t, func() bool { return l.counted("refused")+l.counted("unreachable") >= 3 })
	if l.Conn() != nil || l.Health() == nil {
		t.Errorf("connection %v, complaint %v", l.Conn(), l.Health())
	}
}

// metric returns the value of a metric without a label.
func (l *link) metric(name string) (n float64) {
	l.Measure(func(metric int, _ string, value float64) {
		if natslink.Metrics()[metric].Name == name {
			n = value
		}
	})
	return n
}

// TestServerComesBack ends a server and starts it again.
func TestServerComesBack(t *testing.T) {
	s := settings(t, "127.0.0.1")
	first := natsserver.Start(t, listen+"server_name: first\n")
	l := open(t, s, nil)
	l.connects(t)
	natsserver.Stop(first)
	l.fails(t, "unreachable")
	if l.Conn() != nil || l.counted("disconnected") != 1 || l.metric("connected") != 0 {
		t.Errorf("connection %v, disconnected %v times, connected: %v", l.Conn(), l.counted("disconnected"), l.metric("connected"))
	}
	natsserver.Start(t, listen+"server_name: second\n")
	l.connects(t)
	if l.metric("connected") != 1 || l.metric("connections_total") != 2 {
		t.Errorf("connected: %v, connections: %v", l.metric("connected"), l.metric("connections_total"))
	}
	netns.Must(t, l.Close()) // it has logged all
	for _, line := range []string{
		`level=INFO msg="connected to NATS server" server=nats://127.0.0.1:4222 name=first`,
		`level=WARN msg="connection to NATS server ended" reason=disconnected error=`,
		`level=WARN msg="no NATS server; messages are dropped until there is one" reason=unreachable`,
		`servers=[nats://127.0.0.1:4222]`,
		`level=INFO msg="connected to NATS server" server=nats://127.0.0.1:4222 name=second`,
	} {
		if n := strings.Count(l.log.String(), line); n != 1 {
			t.Errorf("log has %q %d times:\n%s", line, n, &l.log)
		}
	}
}

// TestPrepare has connections that can't be prepared, which are not used.
func TestPrepare(t *testing.T) {
	for _, tc := range []struct {
		name, reason, health string
		prepare              func(*nats.Conn) error
	}{
		{"an error", "unreachable", "prepare connection: unsupported operation", func(*nats.Conn) error { return errors.ErrUnsupported }},
		{"it is closed", "disconnected", "prepare connection: nats: connection closed", func(c *nats.Conn) error { c.Close(); return nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings(t, "127.0.0.1")
			server := natsserver.Start(t, listen)
			l := open(t, s, tc.prepare)
			l.fails(t, tc.reason)
			if err := l.Health(); !strings.Contains(err.Error(), tc.health) || l.Conn() != nil || l.metric("connections_total") != 0 {
				t.Errorf("complaint %v, connection %v", err, l.Conn())
			}
			netns.Must(t, l.Close())
			pipelinetest.Eventually(t, func() bool { return server.NumClients() == 0 })
		})
	}
}

// TestSubscribed wants what Connected asked for to be in force with the connection.
func TestSubscribed(t *testing.T) {
	s := settings(t, "127.0.0.1")
	server := natsserver.Start(t, listen)
	before := server.NumSubscriptions()
	l := open(t, s, func(c *nats.Conn) error {
		_, err := c.Subscribe("pmtud.ptb", func(*nats.Msg) {})
		return err
	})
	pipelinetest.Eventually(t, func() bool { return l.Conn() != nil })
	if n := server.NumSubscriptions(); n != before+1 {
		t.Errorf("the server knows of %d subscriptions, %d before", n, before)
	}
	netns.Must(t, l.Close())
	if l.Conn() != nil {
		t.Error("a closed link has a connection")
	}
	if strings.Contains(l.log.String(), "level=WARN") {
		t.Errorf("that it is closed is logged as a trouble:\n%s", &l.log)
	}
}

// TestTLS has servers with a certificate of an authority of their own, of which some want one of
// the client.
func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	server, client := ca.issue(t, "localhost"), ca.issue(t, "pmtud")
	other := newAuthority(t)
	plain := listen
	encrypted := fmt.Sprintf("%stls: {cert_file: %q, key_file: %q}\n", listen, server.cert, server.key)
	mutual := fmt.Sprintf("%stls: {cert_file: %q, key_file: %q, ca_file: %q, verify: true}\n", listen, server.cert, server.key, ca.cert)
	with := func(ca, cert, key string) func(*natslink.Settings) {
		return func(s *natslink.Settings) { s.CA, s.Cert, s.CertKey = ca, cert, key }
	}
	for _, tc := range []struct {
		name, server, address string
		change                func(*natslink.Settings)
		reason                string
	}{
		{"own authority", encrypted, "tls://127.0.0.1", with(ca.cert, "", ""), ""},
		{"nats:// with an authority", encrypted, "nats://127.0.0.1", with(ca.cert, "", ""), ""},
		{"client certificate", mutual, "tls://127.0.0.1", with(ca.cert, client.cert, client.key), ""},
		{"no client certificate", mutual, "tls://127.0.0.1", with(ca.cert, "", ""), "tls-failed"},
		{"other authority", encrypted, "tls://127.0.0.1", with(other.cert, "", ""), "tls-failed"},
		{"the system's authorities", encrypted, "tls://127.0.0.1", with("", "", ""), "tls-failed"},
		{"server without TLS", plain, "tls://127.0.0.1", with("", "", ""), "tls-failed"},
		{"server without TLS and an authority", plain, "nats://127.0.0.1", with(ca.cert, "", ""), "tls-failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings(t, tc.address)
			tc.change(&s)
			natsserver.Start(t, tc.server)
			if l := open(t, s, nil); tc.reason == "" {
				l.connects(t)
			} else {
				l.fails(t, tc.reason)
			}
		})
	}
}

// TestMissingFiles wants them to be known at once.
func TestMissingFiles(t *testing.T) {
	ca := newAuthority(t)
	nothing := file(t, "nothing", []byte("nothing"))
	for name, tc := range map[string]struct {
		change func(*natslink.Settings)
		want   string
	}{
		"creds":      {func(s *natslink.Settings) { s.Creds = "/missing" }, "read credentials: open /missing: no such file"},
		"nkey":       {func(s *natslink.Settings) { s.NKey = "/missing" }, "read NKey /missing:"},
		"nkey, none": {func(s *natslink.Settings) { s.NKey = nothing }, "read NKey " + nothing},
		"ca":         {func(s *natslink.Settings) { s.CA = "/missing" }, "open /missing"},
		"ca, none":   {func(s *natslink.Settings) { s.CA = nothing }, "failed to parse root certificate"},
		"cert":       {func(s *natslink.Settings) { s.Cert, s.CertKey = ca.cert, "/missing" }, "open /missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, "127.0.0.1")
			tc.change(&s)
			l := natslink.New(natslink.Config{Settings: s, Log: slog.New(slog.DiscardHandler)})
			if err := l.Open(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %s", err, tc.want)
			}
			netns.Must(t, l.Close())
		})
	}
}

// TestSilence wants servers that answer nothing to be given up: one that is gone, and one that
// does not speak NATS.
func TestSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Run("no route", func(t *testing.T) {
		l := open(t, settings(t, "192.0.2.9"), nil)
		l.fails(t, "unreachable")
	})
	t.Run("says nothing", func(t *testing.T) {
		s := settings(t, "127.0.0.1")
		listener, err := netns.Own(t).Listen("tcp", "127.0.0.1:4222")
		netns.Must(t, err)
		defer listener.Close()
		begin := time.Now()
		l := open(t, s, nil)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("to open took %v", took)
		}
		pipelinetest.Eventually(t, func() bool { return l.counted("unreachable") > 0 })
		begin = time.Now()
		netns.Must(t, l.Close())
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("to close took %v", took)
		}
	})
}

func TestNeeds(t *testing.T) {
	s := settings(t, "tls://nats.example.net")
	s.Servers = append(s.Servers, s.Servers[0], natslink.Server{})
	netns.Must(t, s.Servers[2].UnmarshalText([]byte("[2001:db8::5]:5222")))
	s.Creds, s.CA = "/etc/c", "/etc/ca"
	n := s.Needs()
	if got := fmt.Sprint(n.TCP); got != "[nats.example.net:4222 [2001:db8::5]:5222]" {
		t.Errorf("destinations %s", got)
	}
	if got := fmt.Sprint(n.Files); got != "[{/etc/c false false} {/etc/ca false false}]" || len(n.Warnings) != 0 {
		t.Errorf("files %s, warnings %v", got, n.Warnings)
	}
	s.Creds, s.CA = "", ""
	for name, change := range map[string]func(s *natslink.Settings){
		"user":        func(s *natslink.Settings) { s.User = "pmtud" },
		"certificate": func(s *natslink.Settings) { s.Cert, s.CertKey = "/etc/cert", "/etc/key" },
	} {
		s := s
		if change(&s); len(s.Needs().Warnings) != 0 {
			t.Errorf("%s: warnings %v", name, s.Needs().Warnings)
		}
	}
	n = s.Needs()
	if len(n.Warnings) != 1 || len(n.Files) == 0 || !bytes.HasPrefix([]byte(n.Files[0].Path), []byte("/etc/ssl")) {
		t.Errorf("%+v", n)
	}
	s.Key = []string{"a text that is long enough"}
	if n := s.Needs(); len(n.Warnings) != 0 {
		t.Errorf("%+v", n)
	}
}
