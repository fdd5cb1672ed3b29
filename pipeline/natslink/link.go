package natslink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Config is what a [Link] is made from.
type Config struct {
	Settings
	Name string // of the client, for the server's lists
	Log  *slog.Logger

	// Connected, if not nil, is called with each new connection before it is used, such as
	// to subscribe. The link's goroutine calls it. An error ends the connection.
	Connected func(*nats.Conn) error
}

// Link is a connection to one of several NATS servers, which is made again when it ends.
// Open and Close belong to one goroutine; all other methods are safe for concurrent use.
type Link struct {
	config Config
	troubles
	conn atomic.Pointer[nats.Conn] // nil while there is none
	made atomic.Uint64

	stop func() // ends the goroutine and waits for it
}

// New returns a link that is not open. It touches nothing.
func New(c Config) *Link { return &Link{config: c, stop: func() {}} }

// firstAttempt is how long Open waits for the first attempt to connect, so that a server that
// answers at once misses no message.
const firstAttempt = 200 * time.Millisecond

// Open begins to connect. That no server answers is no error, that a file is missing is one.
func (l *Link) Open(ctx context.Context) error {
	running, cancel := context.WithCancel(context.Background())
	if _, err := l.options(running); err != nil { // what is wrong with files is known at once
		cancel()
		return err
	}
	attempted := make(chan struct{})
	var keeping sync.WaitGroup
	keeping.Go(func() { l.keep(running, sync.OnceFunc(func() { close(attempted) })) })
	l.stop = func() {
		cancel()
		keeping.Wait()
	}
	timer := time.NewTimer(firstAttempt)
	defer timer.Stop()
	select {
	case <-attempted:
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// Close sends what is written, ends the connection and waits for its goroutines.
func (l *Link) Close() error {
	l.stop()
	l.stop = func() {}
	return nil
}

// Conn returns the connection, or nil while there is none.
func (l *Link) Conn() *nats.Conn { return l.conn.Load() }

// keep connects until the context ends.
func (l *Link) keep(ctx context.Context, attempted func()) {
	for failures := 0; ctx.Err() == nil; failures++ {
		lasted, err := l.session(ctx, attempted)
		attempted()
		if ctx.Err() != nil {
			return
		}
		if lasted {
			failures = 0
		}
		least := time.Duration(0)
		if errors.Is(err, nats.ErrPermissionViolation) {
			least = permissionsWait
		}
		wait(ctx, max(backoff(failures), least))
	}
}

// permissionsWait is how long a subscription that is not permitted waits for another try.
const permissionsWait = 5 * time.Second

// Bounds of the time between attempts to connect.
const (
	shortestWait = 100 * time.Millisecond
	longestWait  = time.Second
)

// backoff returns the time until the next attempt after some failures in a row. Many clients
// lose a server at the same moment, so half of it is by chance.
func backoff(failures int) time.Duration {
	most := min(shortestWait<<min(failures, 10), longestWait)
	return most/2 + rand.N(most/2)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// session connects and returns when the connection has ended. It reports whether there was
// one, and why it ended.
func (l *Link) session(ctx context.Context, attempted func()) (made bool, err error) {
	s := &session{link: l, closed: make(chan struct{}), giveUp: make(chan error, 1)}
	conn, err := l.connect(ctx, s)
	if err != nil {
		if ctx.Err() == nil {
			l.failed(err)
		}
		return false, err
	}
	if err := l.begin(ctx, conn); err != nil {
		conn.Close()
		<-s.closed
		if ctx.Err() == nil {
			l.failed(err)
		}
		return false, err
	}
	attempted()
	server := conn.ConnectedUrlRedacted() // it has none when it is closed
	select {
	case <-s.closed:
		err = conn.LastError()
	case err = <-s.giveUp:
	case <-ctx.Done():
	}
	l.conn.Store(nil)
	conn.Close()
	<-s.closed
	if ctx.Err() == nil {
		l.ended(server, err)
	}
	return true, err
}

// connect makes a connection whose callbacks tell the session.
func (l *Link) connect(ctx context.Context, s *session) (*nats.Conn, error) {
	options, err := l.options(ctx)
	if err != nil {
		return nil, err
	}
	options.ClosedCB = func(*nats.Conn) { close(s.closed) }
	options.AsyncErrorCB = s.note
	return options.Connect()
}

// begin takes a new connection into use. What Connected asked of the server, such as
// subscriptions, is in force when it returns.
func (l *Link) begin(ctx context.Context, conn *nats.Conn) error {
	if l.config.Connected != nil {
		if err := l.config.Connected(conn); err != nil {
			return fmt.Errorf("prepare connection: %w", err)
		}
		answer, cancel := context.WithTimeout(ctx, conn.Opts.Timeout)
		defer cancel()
		if err := conn.FlushWithContext(answer); err != nil {
			return fmt.Errorf("prepare connection: %w", err)
		}
	}
	l.made.Add(1)
	l.over(Unreachable, NotAuthorized, TLSFailed, Refused, Disconnected)
	l.conn.Store(conn)
	l.config.Log.Info("connected to NATS server", "server", conn.ConnectedUrlRedacted(), "name", conn.ConnectedServerName())
	return nil
}

// failed notes an attempt to connect that failed.
func (l *Link) failed(err error) {
	which := classify(err, true)
	l.complain(fmt.Errorf("no NATS server: %s: %w", which, err), 0)
	if l.note(which) {
		l.config.Log.Warn("no NATS server; messages are dropped until there is one", "reason", which.String(), "error", err, "servers", l.config.String())
	}
}

// ended notes the end of a connection.
func (l *Link) ended(server string, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		l.complain(err, 0) // note has counted it
		return
	}
	if err == nil {
		err = errors.New("the server closed it")
	}
	which := classify(err, false)
	if which == OtherTrouble {
		which = Disconnected
	}
	l.complain(fmt.Errorf("no NATS server: %w", err), 0)
	if l.note(which) {
		l.config.Log.Warn("connection to NATS server ended", "reason", which.String(), "error", err, "server", server)
	}
}

// session is what is known of one connection.
type session struct {
	link   *Link
	closed chan struct{} // closed when the connection is, and its callbacks have returned
	giveUp chan error    // says that the connection is of no use
}

// publishComplaint is how long a publication that is not permitted stays a complaint: nothing
// says when it would be.
const publishComplaint = 5 * time.Minute

// note notes an error that does not end the connection. NATS calls it.
func (s *session) note(_ *nats.Conn, _ *nats.Subscription, err error) {
	l := s.link
	which := classify(err, false)
	if which == Disconnected {
		return // session has it
	}
	if l.note(which) {
		l.config.Log.Warn("NATS: "+advice[which], "reason", which.String(), "error", err)
	}
	if which != NotPermitted {
		return
	}
	if !strings.Contains(strings.ToLower(err.Error()), "subscription") {
		l.complain(err, publishComplaint)
		return
	}
	select { // session complains, as begin may still be about to say that all is well
	case s.giveUp <- err:
	default:
	}
}

// advice says what follows from a trouble.
var advice = [Troubles]string{
	NotPermitted:  "the user may not use the subject; see the server's permissions",
	SlowConsumer:  "messages arrive faster than they are processed, and are lost",
	NotAuthorized: "the server no longer accepts this user",
	Refused:       "the server refuses a connection or a subscription",
	TLSFailed:     "the connection is not encrypted",
	OtherTrouble:  "the server reports an error",
}
