package service_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
	"github.com/pmtud/pmtud/pipeline"
)

// timeout bounds everything that these tests wait for.
const timeout = 20 * time.Second

// manager is the service manager's end of the socket.
type manager struct {
	*net.UnixConn
	t *testing.T
}

func newManager(t *testing.T) (*manager, *systemd.Notifier) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	n, err := systemd.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &manager{conn, t}, n
}

// next returns the next message, with the time stamp left out.
func (m *manager) next() string {
	m.t.Helper()
	text := make([]byte, 4096)
	m.SetReadDeadline(time.Now().Add(timeout))
	n, err := m.Read(text)
	if err != nil {
		m.t.Fatalf("no message: %v", err)
	}
	return regexp.MustCompile(`USEC=\d+`).ReplaceAllString(string(text[:n]), "USEC=...")
}

// await returns the next message that begins with prefix.
func (m *manager) await(prefix string) string {
	m.t.Helper()
	for {
		if text := m.next(); strings.HasPrefix(text, prefix) {
			return text
		}
	}
}

// silent reports whether no message that begins with prefix comes for so long.
func (m *manager) silent(prefix string, long time.Duration) bool {
	text := make([]byte, 4096)
	for end := time.Now().Add(long); ; {
		m.SetReadDeadline(end)
		n, err := m.Read(text)
		if err != nil {
			return true
		}
		if strings.HasPrefix(string(text[:n]), prefix) {
			return false
		}
	}
}

// serve runs a service without a bubble.
func serve(t *testing.T, o service.Options, first service.Configuration) (stop func() error) {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- service.New(o).Run(ctx, first) }()
	return func() error { cancel(); return <-result }
}

func TestNotify(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	m, notifier := newManager(t)
	w := newWorld(t)
	f := &files{world: w, now: declared{{"a", stage{}}}}
	reload := make(chan os.Signal, 1)
	c, _ := f.Load()
	stop := serve(t, service.Options{Notifier: notifier, Source: f, Reload: reload}, c)

	var got []string
	next := func() { got = append(got, m.next()) }
	next()
	reload <- nil
	next()
	next()
	f.set(declared{{"a", stage{}}, {"b", stage{Refuse: true}}}, nil)
	reload <- nil
	next()
	next()
	got = append(got, m.await("STATUS="))
	f.set(declared{{"a", stage{}}, {"b", stage{Fail: true}}}, nil)
	reload <- nil
	got = append(got, m.await("RELOADING="), m.next(), m.await("STATUS="))
	if err := stop(); err == nil { // b has failed
		t.Error("no error")
	}
	next()
	rates := `0\.\d/s received, 0\.\d/s forwarded`
	want := []string{
		"READY=1\nSTATUS=ready, pipelines: 1",
		"RELOADING=1\nMONOTONIC_USEC=...",
		"READY=1\nSTATUS=reloaded, pipelines: 1",
		"RELOADING=1\nMONOTONIC_USEC=...",
		"READY=1\nSTATUS=reload failed; the old configuration stays in use: open pipeline b: source test: refused",
		"STATUS=reload failed; the old configuration stays in use; a: RATES",
		"RELOADING=1\nMONOTONIC_USEC=...",
		"READY=1\nSTATUS=reloaded, pipelines: 2",
		"STATUS=a: RATES; b: failed",
		"STOPPING=1\nSTATUS=stopping",
	}
	for i := range got {
		got[i] = regexp.MustCompile(rates).ReplaceAllString(got[i], "RATES")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestWatchdog stops feeding when a filter hangs, with the pipeline's lock held. The
// others answer, whatever their order.
func TestWatchdog(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Setenv("WATCHDOG_USEC", "400000")
	m, notifier := newManager(t)
	w := newWorld(t)
	hang, freed := make(chan struct{}), make(chan struct{})
	c := w.configuration(declared{{"a", stage{}}, {"ended", stage{End: true}}})
	c.Pipelines = append(c.Pipelines, hanging("h", hang, freed), w.wanted("z", stage{}))
	stop := serve(t, service.Options{Notifier: notifier}, c)
	m.await("READY=1")
	m.await("WATCHDOG=1")
	m.await("WATCHDOG=1")

	close(hang)
	for !m.silent("WATCHDOG=1", time.Second) {
	}
	if text := m.await("STATUS="); strings.Count(text, "does not answer") != 1 || !strings.Contains(text, "h: does not answer") {
		t.Errorf("status %q", text)
	}
	close(freed)
	m.await("WATCHDOG=1")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// hanging is a pipeline whose filter waits for freed from the first packet on, which
// comes when hang is closed.
func hanging(name string, hang, freed chan struct{}) service.Wanted {
	in := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "in", New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return waiting{hang}, nil },
	})
	filter := pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "hang", New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return stuck{freed}, nil },
	})
	return service.Wanted{Name: name, Build: func() (*pipeline.Pipeline, error) {
		return pipeline.New(pipeline.Spec{
			Name: name, Sources: []pipeline.Stage{{Plugin: in}}, Filters: []pipeline.Stage{{Plugin: filter}},
		})
	}}
}

// waiting is a source of one packet.
type waiting struct{ until chan struct{} }

func (waiting) Open(context.Context) error { return nil }

func (s waiting) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	select {
	case <-s.until:
		deliver([]pipeline.Packet{{Time: 1, Data: []byte{0}, Length: 1}})
	case <-ctx.Done():
	}
	<-ctx.Done()
	return nil
}

func (waiting) Close() error { return nil }

// stuck is a filter that hangs.
type stuck struct{ freed chan struct{} }

func (s stuck) Filter(*pipeline.Packet) pipeline.Reason {
	<-s.freed
	return pipeline.Pass
}

// TestPatience has a pipeline take its time.
func TestPatience(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	m, notifier := newManager(t)
	c := newWorld(t).configuration(declared{{"a", stage{SlowOpen: true}}})
	stop := serve(t, service.Options{Notifier: notifier}, c)
	if got := m.next(); got != "EXTEND_TIMEOUT_USEC=..." {
		t.Errorf("message %q", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestPatienceOfAReload asks for more time while a reload takes long, and no longer.
func TestPatienceOfAReload(t *testing.T) {
	m, notifier := newManager(t)
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(o *service.Options, _ *files) { o.Notifier = notifier })
		r.files.set(declared{{"a", stage{}}, {"b", stage{SlowOpen: true}}}, nil)
		r.hup()
		time.Sleep(time.Minute)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		asked := strings.Count(strings.Join(m.received(), " "), "EXTEND_TIMEOUT_USEC=20000000")
		if asked < 1 || asked > 2 { // it gives up after ten seconds; whether it asks at the very end is chance
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestBeat feeds a watchdog twice in the time that it has.
func TestBeat(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "4000000")
	m, notifier := newManager(t)
	synctest.Test(t, func(t *testing.T) {
		stop := serve(t, service.Options{Notifier: notifier}, newWorld(t).configuration(declared{{"a", stage{}}}))
		time.Sleep(9 * time.Second)
		synctest.Wait()
		const beat = "WATCHDOG=1"
		want := []string{
			"READY=1\nSTATUS=ready, pipelines: 1", beat, beat, "STATUS=a: 0.2/s received, 0.2/s forwarded", beat, beat,
		}
		if diff := cmp.Diff(want, m.received()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestNobodyToNotify has a service manager that is gone.
func TestNobodyToNotify(t *testing.T) {
	m, notifier := newManager(t)
	m.Close()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(o *service.Options, _ *files) { o.Notifier = notifier })
		if err := r.end(); err != nil {
			t.Error(err)
		}
		const want = `level=WARN msg="can't notify the service manager" error="notify service manager: `
		if n := strings.Count(r.log.String(), want); n != 2 {
			t.Errorf("%d warnings in\n%s", n, r.log.String())
		}
	})
}
