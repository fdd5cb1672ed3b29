package monitor_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// figure finds a line of the page's table of counters.
func figure(t *testing.T, page, name string) uint64 {
	t.Helper()
	m := regexp.MustCompile(`<th scope="row">` + regexp.QuoteMeta(name) + `</th><td>([0-9,]+)</td>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no %q:\n%s", name, page)
	}
	n, err := strconv.ParseUint(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	must(t, err)
	return n
}

// TestPage floods a daemon and compares the page, without JavaScript, with its counters.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	l := startLooked(t, limited)
	var flooding sync.WaitGroup
	flooding.Go(func() { l.flood(t, 20_000, 3*time.Second) })
	best := time.Hour // of several: the machine has other things to do
	for range 5 {
		began := time.Now()
		l.get(t, "/")
		best = min(best, time.Since(began))
	}
	t.Logf("the page is served within %v", best)
	if best > quickly {
		t.Errorf("the page is served within %v at best", best)
	}
	flooding.Wait()
	p := l.settled(t)
	page := l.get(t, "/").Body
	for name, want := range map[string]uint64{
		"received": p.Received.Total, "forwarded": p.Forwarded.Total, "dropped": p.Dropped.Total,
		"sink broadcast: delivered": p.Sinks[0].Delivered.Total,
	} {
		if got := figure(t, page, name); got != want {
			t.Errorf("%s: the page has %d, status %d", name, got, want)
		}
	}
	for _, f := range p.Filters {
		for _, r := range f.Dropped {
			if r.Total > 0 && figure(t, page, f.Name+": "+r.Reason) != r.Total {
				t.Errorf("%s: %s is not %d on the page", f.Name, r.Reason, r.Total)
			}
		}
		if !strings.Contains(page, "<title>"+f.Name+": dropped ") {
			t.Errorf("the picture has no filter %s", f.Name)
		}
	}
	for _, text := range []string{"<caption>Routers ", ">192.0.2.1<", readable.Number(p.Received.Total)} {
		if !strings.Contains(page, text) {
			t.Errorf("the page has no %q:\n%s", text, page)
		}
	}
}

// TestPageOnSocket asks the control socket, as a browser does behind ssh -L.
func TestPageOnSocket(t *testing.T) {
	l := startLooked(t, limited)
	client := control.NewClient(l.Path)
	for url, want := range map[string]int{
		"http://127.0.0.1:9342/": 200, "http://localhost/page.js": 200, "http://evil.example/": 403, "http://pmtud/api/status": 200,
	} {
		answer, err := client.Get(url)
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s is answered with %s", url, answer.Status)
		}
	}
}

// TestPageElsewhere asks through another address: metrics are for anybody, the page is
// not, until a reload says so.
func TestPageElsewhere(t *testing.T) {
	lan := newLAN(t)
	must(t, lan.host.Addr("eth0", "192.0.2.1/24"), lan.wire.Addr("eth0", "192.0.2.2/24"))
	const everywhere = "http: {listen: \":9342\"}\n" + limited
	d := startAsIs(t, lan.host, everywhere)
	wire := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer(lan.wire)}}
	remote := func(path string) response {
		answer, err := wire.Get("http://192.0.2.1:9342" + path)
		must(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		return response{answer.StatusCode, string(body)}
	}
	for path, want := range map[string]int{"/": 403, "/api/status": 403, "/api/top": 403, "/page.js": 403, "/metrics": 200, "/livez": 200} {
		if got := remote(path); got.Status != want {
			t.Errorf("%s is answered with %d, want %d:\n%s", path, got.Status, want, got.Body)
		}
		if got := d.get(t, path); got.Status != 200 {
			t.Errorf("%s on loopback is answered with %d:\n%s", path, got.Status, got.Body)
		}
	}
	if got := remote("/"); !strings.Contains(got.Body, "page: anyone") {
		t.Errorf("what to set is not said:\n%s", got.Body)
	}
	for _, change := range []struct {
		config           string
		remote, loopback int
	}{
		{strings.Replace(everywhere, "}", ", page: anyone}", 1), 200, 200},
		{strings.Replace(everywhere, "}", ", page: off}", 1), 403, 403},
	} {
		must(t, os.WriteFile(d.Args[3], []byte(change.config), 0o600), d.Process.Signal(syscall.SIGHUP))
		eventually(t, "the reload says who gets the page", func() bool { return remote("/").Status == change.remote })
		if got := d.get(t, "/"); got.Status != change.loopback {
			t.Errorf("on loopback the answer is %d, want %d", got.Status, change.loopback)
		}
	}
}
