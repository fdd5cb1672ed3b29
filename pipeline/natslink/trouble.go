package natslink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
)

// Trouble is what goes wrong with a connection.
type Trouble uint8

// Troubles.
const (
	Unreachable   Trouble = iota // no server answers at its address
	NotAuthorized                // the server does not know who this is, or not any more
	TLSFailed                    // no encrypted connection: a certificate, or one side wants none
	Refused                      // the server has as many connections or subscriptions as it may
	Disconnected                 // a connection ended
	NotPermitted                 // the user may not publish or subscribe to the subject
	SlowConsumer                 // messages came faster than the pipeline took them
	OtherTrouble
	Troubles // the number of them
)

var troubleNames = [Troubles]string{
	"unreachable", "not-authorized", "tls-failed", "refused", "disconnected", "not-permitted", "slow-consumer", "other",
}

// String returns the trouble in kebab-case.
func (t Trouble) String() string { return troubleNames[min(t, OtherTrouble)] }

// classify returns which trouble an error of a connection is. An error of an attempt to
// connect that is no other one is Unreachable.
func classify(err error, connecting bool) Trouble {
	switch {
	case isOneOf(err, nats.ErrPermissionViolation):
		return NotPermitted
	case isOneOf(err, nats.ErrSlowConsumer):
		return SlowConsumer
	case isOneOf(err, nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired,
		nats.ErrNkeysNotSupported, nats.ErrNkeyAndUser):
		return NotAuthorized
	case isOneOf(err, nats.ErrMaxConnectionsExceeded, nats.ErrMaxAccountConnectionsExceeded, nats.ErrMaxSubscriptionsExceeded):
		return Refused
	case isTLS(err):
		return TLSFailed
	case isOneOf(err, nats.ErrStaleConnection, nats.ErrConnectionClosed):
		return Disconnected
	case connecting:
		return Unreachable
	}
	return OtherTrouble
}

func isOneOf(err error, list ...error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func isTLS(err error) bool {
	if isOneOf(err, nats.ErrSecureConnRequired, nats.ErrSecureConnWanted) {
		return true
	}
	_, isVerification := errors.AsType[*tls.CertificateVerificationError](err)
	remote, isRemote := errors.AsType[*net.OpError](err)
	isAlert := isRemote && remote.Op == "remote error" // of crypto/tls, whose alerts have no exported type
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, isName := errors.AsType[x509.HostnameError](err)
	return isVerification || isAlert || isRecord || isUnknown || isName
}

// troubles counts, logs and remembers what goes wrong. Its methods may be called from several
// goroutines.
type troubles struct {
	counts [Troubles]atomic.Uint64

	mu        sync.Mutex
	logged    [Troubles]bool // since it was last over
	complaint error
	until     time.Time // when the complaint is nobody's any more; zero: it lasts
}

// note counts a trouble and reports whether it has to be logged.
func (t *troubles) note(which Trouble) (isNew bool) {
	t.counts[which].Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	isNew = !t.logged[which]
	t.logged[which] = true
	return isNew
}

// complain sets what is wrong from now on, for some time or, if that is 0, until over.
func (t *troubles) complain(err error, lasts time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.complaint, t.until = err, time.Time{}
	if lasts > 0 {
		t.until = time.Now().Add(lasts)
	}
}

// over says that some troubles are no more.
func (t *troubles) over(which ...Trouble) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.complaint = nil
	for _, w := range which {
		t.logged[w] = false
	}
}

// Health is for [pipeline.HealthChecker].
func (t *troubles) Health() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.until.IsZero() && time.Now().After(t.until) {
		return nil
	}
	return t.complaint
}

// Metrics, in the order of [Metrics].
const (
	connectedNow = iota
	connectionsMade
	troublesCounted

	// OwnMetrics is the index of the first metric that a plugin has besides.
	OwnMetrics
)

// Metrics returns the metrics of a link, for a plugin that begins its own with them.
func Metrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		connectedNow:    {Name: "connected", Doc: "1 while connected to a NATS server, otherwise 0"},
		connectionsMade: {Name: "connections_total", Doc: "connections made to NATS servers"},
		troublesCounted: {
			Name: "troubles_total", Label: "reason",
			Doc: "problems: unreachable, not-authorized, tls-failed, refused because of the server's limits, disconnected, not-permitted to publish or subscribe, slow-consumer, or other",
		},
	}
}

// Measure is for [pipeline.Measurer].
func (l *Link) Measure(emit func(metric int, label string, value float64)) {
	connected := 0.0
	if l.conn.Load() != nil {
		connected = 1
	}
	emit(connectedNow, "", connected)
	emit(connectionsMade, "", float64(l.made.Load()))
	for t := range Troubles {
		emit(troublesCounted, t.String(), float64(l.counts[t].Load()))
	}
}
