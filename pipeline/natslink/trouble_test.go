package natslink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
)

// TestClassify has the errors of connections, when they are made and afterwards.
func TestClassify(t *testing.T) {
	for _, tc := range []struct {
		err                   error
		connecting, connected string
	}{
		{nats.ErrPermissionViolation, "not-permitted", "not-permitted"},
		{nats.ErrSlowConsumer, "slow-consumer", "slow-consumer"},
		{nats.ErrAuthorization, "not-authorized", "not-authorized"},
		{nats.ErrAuthRevoked, "not-authorized", "not-authorized"},
		{nats.ErrAuthExpired, "not-authorized", "not-authorized"},
		{nats.ErrAccountAuthExpired, "not-authorized", "not-authorized"},
		{nats.ErrNkeyAndUser, "not-authorized", "not-authorized"},
		{nats.ErrNkeysNotSupported, "not-authorized", "not-authorized"},
		{nats.ErrMaxConnectionsExceeded, "refused", "refused"},
		{nats.ErrMaxAccountConnectionsExceeded, "refused", "refused"},
		{nats.ErrMaxSubscriptionsExceeded, "refused", "refused"},
		{nats.ErrSecureConnRequired, "tls-failed", "tls-failed"},
		{nats.ErrSecureConnWanted, "tls-failed", "tls-failed"},
		{&tls.CertificateVerificationError{Err: errors.ErrUnsupported}, "tls-failed", "tls-failed"},
		{&net.OpError{Op: "remote error", Err: errors.ErrUnsupported}, "tls-failed", "tls-failed"},
		{tls.RecordHeaderError{Msg: "no TLS"}, "tls-failed", "tls-failed"},
		{x509.UnknownAuthorityError{}, "tls-failed", "tls-failed"},
		{x509.HostnameError{Certificate: new(x509.Certificate)}, "tls-failed", "tls-failed"},
		{nats.ErrStaleConnection, "disconnected", "disconnected"},
		{nats.ErrConnectionClosed, "disconnected", "disconnected"},
		{&net.OpError{Op: "dial", Err: errors.ErrUnsupported}, "unreachable", "other"},
		{nats.ErrNoServers, "unreachable", "other"},
	} {
		err := fmt.Errorf("connect: %w", tc.err)
		if got := classify(err, true).String(); got != tc.connecting {
			t.Errorf("%v: %s, want %s", tc.err, got, tc.connecting)
		}
		if got := classify(err, false).String(); got != tc.connected {
			t.Errorf("%v of a connection: %s, want %s", tc.err, got, tc.connected)
		}
	}
	if got := Trouble(200).String(); got != "other" {
		t.Errorf("trouble 200 is %s", got)
	}
}

// TestTroubles logs a trouble once until it is over, and complains for as long as it is told.
func TestTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr troubles
		for i, want := range []bool{true, false, false} {
			if got := tr.note(Refused); got != want {
				t.Errorf("time %d: new %v, want %v", i, got, want)
			}
		}
		tr.over(Unreachable)
		if tr.note(Refused) {
			t.Error("another trouble is over, and this one is new")
		}
		tr.over(Unreachable, Refused)
		if !tr.note(Refused) {
			t.Error("it was over, and is not new")
		}
		if n := tr.counts[Refused].Load(); n != 5 {
			t.Errorf("counted %d times, want 5", n)
		}
		tr.complain(errors.ErrUnsupported, time.Minute)
		time.Sleep(time.Minute)
		if tr.Health() == nil {
			t.Error("no complaint after a minute")
		}
		time.Sleep(time.Nanosecond)
		if err := tr.Health(); err != nil {
			t.Errorf("complaint after more than a minute: %v", err)
		}
		tr.complain(errors.ErrUnsupported, 0)
		time.Sleep(24 * time.Hour)
		if tr.Health() == nil {
			t.Error("no complaint though it is not over")
		}
		tr.over()
		if err := tr.Health(); err != nil {
			t.Errorf("complaint when it is over: %v", err)
		}
	})
}

// TestBackoff wants attempts to be rarer with each failure, down to one a second.
func TestBackoff(t *testing.T) {
	for failures, most := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 3: 800 * time.Millisecond, 4: time.Second, 9: time.Second, 100: time.Second,
	} {
		for range 100 {
			if d := backoff(failures); d < most/2 || d >= most {
				t.Errorf("after %d failures: %v, want from %v to %v", failures, d, most/2, most)
			}
		}
	}
}

// discarding is a link that logs into a buffer and is not open.
func discarding() (*Link, *pipelinetest.Buffer) {
	log := new(pipelinetest.Buffer)
	return New(Config{Log: slog.New(slog.NewTextHandler(log, nil))}), log
}

// TestBegin wants troubles of connections to be over with a new one, and others to go on.
func TestBegin(t *testing.T) {
	server := natsserver.Start(t, "listen: 127.0.0.1:-1\n")
	conn, err := nats.Connect(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l, log := discarding()
	for which := range Troubles {
		l.note(which)
	}
	l.complain(errors.ErrUnsupported, 0)
	if err := l.begin(t.Context(), conn); err != nil || l.Health() != nil || l.Conn() != conn {
		t.Errorf("error %v, complaint %v", err, l.Health())
	}
	for which := range Troubles {
		want := which != NotPermitted && which != SlowConsumer && which != OtherTrouble
		if got := l.note(which); got != want {
			t.Errorf("%v: new %v", which, got)
		}
	}
	if want := "server=" + server.ClientURL() + " name=" + server.Name(); !strings.Contains(log.String(), want) {
		t.Errorf("log lacks %q:\n%s", want, log)
	}
}

// TestEnded has the ends of connections.
func TestEnded(t *testing.T) {
	for _, tc := range []struct {
		name, reason, health string
		err                  error
	}{
		{"closed by the server", "disconnected", "no NATS server: the server closed it", nil},
		{"unknown error", "disconnected", "no NATS server: unsupported operation", errors.ErrUnsupported},
		{"known error", "not-authorized", "no NATS server: " + nats.ErrAuthExpired.Error(), nats.ErrAuthExpired},
		{"counted already", "", nats.ErrPermissionViolation.Error(), nats.ErrPermissionViolation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, log := discarding()
			l.ended("nats://192.0.2.5:4222", tc.err)
			l.ended("nats://192.0.2.5:4222", tc.err)
			if got := fmt.Sprint(l.Health()); got != tc.health {
				t.Errorf("health %q, want %q", got, tc.health)
			}
			lines := strings.Count(log.String(), "reason="+tc.reason+" ")
			if want := map[bool]int{true: 0, false: 1}[tc.reason == ""]; lines != want {
				t.Errorf("logged %d times, want %d:\n%s", lines, want, log)
			}
		})
	}
}

// TestNote has errors that do not end a connection: one that makes it useless gives it up, and
// its end will be the complaint.
func TestNote(t *testing.T) {
	for _, tc := range []struct {
		name, health    string
		err             error
		logged, useless bool
	}{
		{"publication", "nats: permissions violation", fmt.Errorf("%w to publish", nats.ErrPermissionViolation), true, false},
		{"subscription", "<nil>", fmt.Errorf("%w: Subscription", nats.ErrPermissionViolation), true, true},
		{"slow", "<nil>", nats.ErrSlowConsumer, true, false},
		{"its end", "<nil>", nats.ErrConnectionClosed, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, log := discarding()
			s := &session{link: l, giveUp: make(chan error, 1)}
			s.note(nil, nil, tc.err)
			s.note(nil, nil, tc.err)
			if got := fmt.Sprint(l.Health()); !strings.HasPrefix(strings.ToLower(got), tc.health) {
				t.Errorf("health %q, want %q", got, tc.health)
			}
			if got := strings.Count(log.String(), "level=WARN") == 1; got != tc.logged {
				t.Errorf("logged once: %v, want %v:\n%s", got, tc.logged, log)
			}
			if got := len(s.giveUp) == 1; got != tc.useless {
				t.Errorf("given up: %v, want %v", got, tc.useless)
			}
		})
	}
}

// TestSecure wants TLS where a server or a file of the settings asks for it.
func TestSecure(t *testing.T) {
	for name, tc := range map[string]struct {
		s      Settings
		server Server
		want   bool
	}{
		"plain":       {Settings{}, Server{}, false},
		"server":      {Settings{}, Server{TLS: true}, true},
		"authorities": {Settings{CA: "ca.pem"}, Server{}, true},
		"certificate": {Settings{Cert: "cert.pem", CertKey: "key.pem"}, Server{}, true},
	} {
		if got := tc.s.usesTLS(tc.server); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
	l := New(Config{Settings: Settings{Servers: []Server{{TLS: true}, {TLS: true}, {TLS: true}}}})
	if o, err := l.options(t.Context()); err != nil || !o.Secure || len(o.Servers) != 3 {
		t.Errorf("options %+v, %v", o, err)
	}
}

// TestOptions has what a connection is made with besides what servers ask for.
func TestOptions(t *testing.T) {
	l := New(Config{Name: "pmtud test", Settings: Settings{Servers: []Server{{}}}})
	o, err := l.options(t.Context())
	if err != nil || o.Secure || o.Name != "pmtud test" || o.AllowReconnect || !o.IgnoreDiscoveredServers || !o.SkipHostLookup || !o.SkipSubjectValidation {
		t.Errorf("options %+v, %v", o, err)
	}
	if o.Timeout != 2*time.Second || o.PingInterval != 2*time.Second || o.MaxPingsOut != 2 || o.FlusherTimeout != 2*time.Second {
		t.Errorf("times %v, %v, %d, %v", o.Timeout, o.PingInterval, o.MaxPingsOut, o.FlusherTimeout)
	}
}

// TestCheck has settings that do not go together.
func TestCheck(t *testing.T) {
	for want, s := range map[string]Settings{
		"<nil>": {User: "u", Pass: "p", Cert: "c", CertKey: "k", Servers: []Server{{}, {TLS: true}}},
		"nkey: is one way to authenticate, and `creds` is another; keep one of them":             {Creds: "c", NKey: "n"},
		"token: is one way to authenticate, and `user` is another; keep one of them":             {User: "u", Token: "t"},
		"servers: are partly with TLS and partly without; use one of tls:// and nats:// for all": {Servers: []Server{{}, {TLS: true}}},
		"password: is set without `user`":                                                        {Pass: "p"},
		"tls_cert: is set without `tls_key`":                                                     {Cert: "c"},
		"password: is set without `user`\ntls_key: is set without `tls_cert`":                    {Pass: "p", CertKey: "k"},
	} {
		if got := fmt.Sprint(s.Check()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
