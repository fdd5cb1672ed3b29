package monitor_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// log is what a server says of itself.
type log struct{ pipelinetest.Buffer }

// addresses returns those that the server listened on, in turn.
func (l *log) addresses() (all []string) {
	for line := range strings.Lines(l.String()) {
		if _, addr, ok := strings.Cut(line, "address="); ok {
			all = append(all, strings.Fields(addr)[0])
		}
	}
	return all
}

// server is one at an address of its own, with a status that can be changed.
type server struct {
	*monitor.Server
	status atomic.Pointer[service.Status]
	log    *log
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{log: new(log)}
	s.status.Store(new(service.Status))
	handler := monitor.NewHandler(prometheus.NewRegistry(), func() service.Status { return *s.status.Load() }, http.NotFoundHandler())
	s.Server = monitor.NewServer(handler, slog.New(slog.NewTextHandler(s.log, nil)))
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0"}))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// addr is where the server listens.
func (s *server) addr() string {
	all := s.log.addresses()
	return all[len(all)-1]
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

type response struct {
	Status int
	Body   string
}

func request(t *testing.T, method, url string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return response{answer.StatusCode, string(body)}
}

func (s *server) get(t *testing.T, path string) response {
	t.Helper()
	return request(t, "GET", "http://"+s.addr()+path)
}

func spec(name string, source servicetest.Source, filters ...pipeline.Stage) pipeline.Spec {
	return pipeline.Spec{
		Name: name, Sources: []pipeline.Stage{source.Stage("in")}, Filters: filters,
		Sinks: []pipeline.SinkStage{servicetest.Sink{}.Stage("out")},
	}
}

func TestRequests(t *testing.T) {
	s := serve(t)
	s.status.Store(&service.Status{Pipelines: []service.PipelineStatus{servicetest.Start(t, spec("edge", servicetest.Source{}))}})
	for _, tc := range []struct {
		method, path string
		status       int
		body         string // its beginning
	}{
		{"GET", "/", 404, ""}, // the page's
		{"GET", "/livez", 200, "ok\n"},
		{"GET", "/readyz", 200, "ok\n"},
		{"GET", "/metrics", 200, ""},
		{"HEAD", "/", 404, ""},
		{"HEAD", "/readyz", 200, ""},
		{"HEAD", "/metrics", 200, ""},
		{"POST", "/", 405, "Method Not Allowed"},
		{"POST", "/metrics", 405, "Method Not Allowed"},
		{"DELETE", "/livez", 405, "Method Not Allowed"},
		{"PUT", "/readyz", 405, "Method Not Allowed"},
		{"GET", "/debug/pprof/", 404, "404"},
		{"GET", "/metrics/x", 404, "404"},
	} {
		got := request(t, tc.method, "http://"+s.addr()+tc.path)
		if got.Status != tc.status || !strings.HasPrefix(got.Body, tc.body) || tc.method == "HEAD" && got.Body != "" {
			t.Errorf("%s %s: %+v", tc.method, tc.path, got)
		}
	}
}

func TestReady(t *testing.T) {
	s := serve(t)
	check := func(path string, want response) {
		t.Helper()
		if diff := cmp.Diff(want, s.get(t, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	check("/readyz", response{503, "[-] no pipeline is running yet\nnot ready\n"})
	check("/livez", response{200, "ok\n"})

	var trouble atomic.Pointer[error]
	complains := func() error {
		if err := trouble.Load(); err != nil {
			return *err
		}
		return nil
	}
	s.status.Store(&service.Status{Pipelines: []service.PipelineStatus{
		servicetest.Start(t, spec("edge", servicetest.Source{Complains: complains})),
		servicetest.Start(t, spec("other", servicetest.Source{})),
	}})
	const rest = "[+] pipeline edge sink out: ok\n" +
		"[+] pipeline other: ok\n[+] pipeline other source in: ok\n[+] pipeline other sink out: ok\n"
	check("/readyz", response{200, "ok\n"})
	check("/readyz?verbose", response{200, "[+] pipeline edge: ok\n[+] pipeline edge source in: ok\n" + rest + "ok\n"})

	down := errors.New("interface eth0 is down")
	trouble.Store(&down)
	check("/readyz", response{503, "[-] pipeline edge source in: interface eth0 is down\nnot ready\n"})
	check("/readyz?verbose", response{503, "[+] pipeline edge: ok\n[-] pipeline edge source in: interface eth0 is down\n" + rest + "not ready\n"})
	check("/livez", response{200, "ok\n"})

	trouble.Store(nil)
	check("/readyz", response{200, "ok\n"})
}

// TestEngineThatHangs is not alive until it answers again.
func TestEngineThatHangs(t *testing.T) {
	hanging, release := make(chan struct{}), make(chan struct{})
	hangs := servicetest.Filter(func(*pipeline.Packet) pipeline.Reason {
		close(hanging)
		<-release
		return pipeline.Pass
	})
	s := serve(t)
	ended := servicetest.Run(t, spec("ended", servicetest.Source{Err: errors.New("broken")}))
	s.status.Store(&service.Status{Pipelines: []service.PipelineStatus{
		servicetest.Start(t, spec("edge", servicetest.Source{})), ended,
		servicetest.Start(t, spec("hangs", servicetest.Source{Batch: make([]pipeline.Packet, 1)}, hangs.Stage("f"))),
	}})
	<-hanging
	if diff := cmp.Diff(response{503, "pipeline hangs does not answer\n"}, s.get(t, "/livez")); diff != "" {
		t.Errorf("while it hangs (-want +got):\n%s", diff)
	}
	close(release)
	if diff := cmp.Diff(response{200, "ok\n"}, s.get(t, "/livez")); diff != "" {
		t.Errorf("after that (-want +got):\n%s", diff)
	}
}

// TestSlowClients opens more connections than are served at a time, which say
// nothing, or begin to and never come to an end. They must not keep others out for as long
// as a kubelet waits.
func TestSlowClients(t *testing.T) {
	s := serve(t)
	for i := range 300 {
		conn, err := net.Dial("tcp", s.addr())
		must(t, err)
		defer conn.Close()
		if i%2 == 0 {
			_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
			must(t, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr()+"/livez", nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, answer.Body.Close())
}

// TestCrowd wants the oldest of too many connections to go that have asked nothing, and who
// waits for an answer to get it.
func TestCrowd(t *testing.T) {
	web, trusted := writeWeb(t, secured(t, "secret"))
	t.Run("HTTP", func(t *testing.T) { crowd(t, "http", monitor.Address{Listen: "127.0.0.1:0"}, nil) })
	t.Run("HTTPS", func(t *testing.T) { crowd(t, "https", monitor.Address{Listen: "127.0.0.1:0", WebConfig: web}, trusted) })
}

func crowd(t *testing.T, scheme string, addr monitor.Address, trusted *x509.CertPool) {
	asked, finish := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { close(asked); <-finish })
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	s := &server{log: new(log)}
	s.Server = monitor.NewServer(mux, slog.New(slog.NewTextHandler(s.log, nil)))
	must(t, s.Listen(t.Context(), addr))
	defer s.Close()

	base := scheme + "://" + s.addr()
	answer := make(chan int)
	go func() {
		status, err := ask(base+"/slow", trusted, "alice", "secret")
		if err != nil {
			t.Error(err)
		}
		answer <- status
	}()
	<-asked
	var silent []net.Conn
	for range 300 {
		conn, err := net.Dial("tcp", s.addr())
		must(t, err)
		defer conn.Close()
		silent = append(silent, conn)
	}
	_, err := ask(base+"/", trusted, "alice", "secret") // by when all of them were taken in
	must(t, err)
	must(t, silent[0].SetReadDeadline(time.Now().Add(time.Second)))
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the oldest connection: %v", err)
	}
	close(finish)
	if status := <-answer; status != 200 {
		t.Errorf("status %d", status)
	}
}

// TestListen moves a server from one address to another.
func TestListen(t *testing.T) {
	s := serve(t)
	ask := func() {
		t.Helper()
		if got := s.get(t, "/livez"); got.Status != 200 {
			t.Errorf("answer %+v", got)
		}
	}
	ask()
	first := s.addr()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	err = s.Listen(t.Context(), monitor.Address{Listen: taken.Addr().String()})
	if err == nil || !strings.HasPrefix(err.Error(), "serve metrics and health: listen tcp 127.0.0.1:") || !strings.HasSuffix(err.Error(), "address already in use") {
		t.Errorf("address that is taken: %v", err)
	}
	ask()
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0"}))
	if s.addr() != first || len(s.log.addresses()) != 1 {
		t.Error("the same address again is another one")
	}

	must(t, s.Listen(t.Context(), monitor.Address{Listen: "localhost:0"}))
	if s.addr() == first {
		t.Error("another address is not used")
	}
	ask()
	if _, err := net.Dial("tcp", first); err == nil {
		t.Error("the old address is still served")
	}

	must(t, s.Listen(t.Context(), monitor.Address{Listen: ""}))
	if _, err := net.Dial("tcp", s.addr()); err == nil {
		t.Error("it is still served, without an address")
	}
	must(t, s.Listen(t.Context(), monitor.Address{Listen: first}))
	ask()
}

// TestCancel moves the server to another address, and to one that the old one is in the
// way of, and then not.
func TestCancel(t *testing.T) {
	s := serve(t)
	must(t, s.Listen(t.Context(), monitor.Address{Listen: s.addr()})) // by its number
	first := s.addr()
	_, port, err := net.SplitHostPort(first)
	must(t, err)
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:" + port, "", first} {
		m, err := s.Prepare(t.Context(), monitor.Address{Listen: addr})
		must(t, err)
		must(t, m.Cancel(t.Context()))
		if got := request(t, "GET", "http://"+first+"/livez"); got.Status != 200 || s.addr() != first {
			t.Errorf("after %q: answer %+v at %s", addr, got, s.addr())
		}
		if _, err := net.Dial("tcp", "127.0.0.2:"+port); err == nil {
			t.Errorf("after %q it listens on all addresses", addr)
		}
	}
}

// TestListenOnOtherHost keeps the port, so that the old address is in the way.
func TestListenOnOtherHost(t *testing.T) {
	s := serve(t)
	must(t, s.Listen(t.Context(), monitor.Address{Listen: s.addr()})) // by its number
	_, port, err := net.SplitHostPort(s.addr())
	must(t, err)
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "0.0.0.0:" + port}))
	if got := request(t, "GET", "http://127.0.0.1:"+port+"/livez"); got.Status != 200 {
		t.Errorf("answer %+v", got)
	}

	// Now only one of the two is in the way, and the other is taken by somebody else.
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:" + port}))
	taken, err := net.Listen("tcp", "127.0.0.2:"+port)
	must(t, err)
	defer taken.Close()
	if err := s.Listen(t.Context(), monitor.Address{Listen: "0.0.0.0:" + port}); err == nil {
		t.Error("it listens on all addresses though one is taken")
	}
	if got := request(t, "GET", "http://127.0.0.1:"+port+"/livez"); got.Status != 200 {
		t.Errorf("answer %+v", got)
	}
}
