package cluster_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/cluster"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

var now = time.Unix(1e9, 0).UTC()

// way is how a server was heard so many seconds ago.
func way(name string, heard bool, ago float64) control.CanaryWay {
	return control.CanaryWay{Way: name, Heard: heard, Last: now.Add(-time.Duration(ago * 1e9)), Canaries: 5}
}

func peer(name string, ways ...control.CanaryWay) control.CanaryPeer {
	p := control.CanaryPeer{Name: name, Interval: 60, Ways: ways}
	for _, w := range ways {
		p.Heard = p.Heard || w.Heard
		if w.Last.After(p.Last) {
			p.Last = w.Last
		}
	}
	return p
}

// serve answers with a status, whose daemon has a name.
func serve(t *testing.T, name string, peers ...control.CanaryPeer) string {
	t.Helper()
	s := control.Status{Program: "pmtud", Now: now}
	if name != "" {
		s.Canary = &control.Canary{Name: name, Interval: 60, Peers: peers}
	}
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/status" || r.Method != http.MethodGet {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		_ = json.NewEncoder(w).Encode(s)
	})
}

func serveHTTP(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func TestAsk(t *testing.T) {
	good := way("broadcast", true, 3)
	addresses := []string{
		serve(t, "web1", peer("web2", good), peer("web3", way("broadcast", false, 300), way("relay", true, 2))),
		serve(t, "web2", peer("web1", good), peer("web3", way("broadcast", false, 300), way("relay", false, 200)), peer("old", way("nats", false, 4000))) + "/",
		serve(t, "web3", peer("web1", good)),
		serve(t, ""),
		filepath.Join(t.TempDir(), "nobody"),
		serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not\nyou", http.StatusForbidden) }),
		serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }),
	}
	r := cluster.Ask(t.Context(), addresses)

	var names []string
	for _, s := range r.Servers {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"web1", "web2", "web3", "", "", "", ""}, names); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	var findings []string
	for _, f := range r.Findings {
		if f.Why == "" || f.Do == "" {
			t.Errorf("finding without reason or advice: %+v", f)
		}
		findings = append(findings, f.Subject+" "+f.State)
	}
	want := []string{
		"server at " + addresses[3] + " sends no test messages",
		"server at " + addresses[4] + " did not answer: ask " + addresses[4] + ": connect: no such file or directory; no daemon is running, or its socket is elsewhere: use --control PATH",
		"server at " + addresses[5] + " did not answer: 403 Forbidden: not you",
		"server at " + addresses[6] + " did not answer: read answer: invalid character '<' looking for beginning of value",
		"server web1 no longer hears web3 by broadcast",
		"server web2 does not hear web3: the last test message came 3m20s ago",
		"server web2 does not hear old: the last test message came 1h6m40s ago",
		"server web3 has never heard web2",
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Join([]string{
		"Rows hear columns; cells show how long ago the last test message came:", "",
		"                              1     2     3     4",
		"   1 web1                     -    3s  PART NEVER",
		"   2 web2                    3s     -   NOT   NOT",
		"   3 web3                    3s NEVER     - NEVER",
		"   4 old                      ?     ?     ?     -", "",
	}, "\n"), r.Matrix()); diff != "" {
		t.Errorf("matrix (-want +got):\n%s", diff)
	}
	if !r.Bad() {
		t.Error("it is not bad")
	}
}

// TestGood finds nothing where everybody hears everybody.
func TestGood(t *testing.T) {
	r := cluster.Ask(t.Context(), []string{serve(t, "a", peer("b", way("relay", true, -1))), serve(t, "b", peer("a", way("relay", true, 0)))})
	if r.Bad() || len(r.Pairs) != 2 || !r.Pairs[0].Heard || r.Pairs[0].Hearer != "a" || r.Pairs[0].Sender != "b" || r.Pairs[1].Ago != 0 {
		t.Errorf("%+v", r)
	}
	if text := r.Matrix(); !strings.Contains(text, "   1 a                        -    0s\n") {
		t.Errorf("matrix\n%s", text)
	}
}

// TestSameName tells servers of one name, and hides passwords.
func TestSameName(t *testing.T) {
	first, second := serve(t, "a"), strings.Replace(serve(t, "a"), "http://", "http://me:secret@", 1)
	r := cluster.Ask(t.Context(), []string{first, second})
	if len(r.Findings) != 1 || r.Findings[0].State != "are both called a" || strings.Contains(fmt.Sprint(r), "secret") {
		t.Errorf("%+v", r)
	}
}

// TestMany has more servers than fit beside each other, with long names.
func TestMany(t *testing.T) {
	name := func(i int) string { return fmt.Sprintf("a-server-of-a-long-name-%02d", i) }
	const servers = 20
	var addresses []string
	for i := range servers {
		var peers []control.CanaryPeer
		for j := range servers {
			if i != j {
				peers = append(peers, peer(name(j), way("broadcast", true, 3600)))
			}
		}
		addresses = append(addresses, serve(t, name(i), peers...))
	}
	r := cluster.Ask(t.Context(), addresses)
	lines := strings.Split(r.Matrix(), "\n")
	if want := 1 + 3*(2+servers) + 1; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	for _, line := range lines {
		if len(line) > 80 {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	if want := "  20 a-server-of-a-long-~"; !strings.HasPrefix(lines[len(lines)-2], want) {
		t.Errorf("last line %q", lines[len(lines)-2])
	}
}

// TestCells writes ages in at most five characters, and names of as many as fit.
func TestCells(t *testing.T) {
	r := &cluster.Report{}
	const twenty = "a-name-of-20-letters"
	for i, ago := range []float64{-1, 0.6, 999, 1000, 59999, 60000, 3.6e7} {
		r.Pairs = append(r.Pairs, cluster.Pair{Hearer: twenty, Sender: fmt.Sprint("b", i), Heard: true, Last: &now, Ago: ago})
	}
	want := "   1 " + twenty + "     -    0s    1s  999s   17m 1000m   17h10000h\n"
	if got := r.Matrix(); !strings.Contains(got, want) {
		t.Errorf("matrix lacks %q:\n%s", want, got)
	}
	r.Pairs[0].Hearer += "!"
	if got := r.Matrix(); !strings.Contains(got, " a-name-of-20-letter~ ") {
		t.Errorf("matrix:\n%s", got)
	}
}

// TestUnreachable asks servers that are gone, by one address and by another that is none.
func TestUnreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	r := cluster.Ask(t.Context(), []string{gone.URL, "http://[::1%25]:x/"})
	if len(r.Findings) != 2 || !strings.HasSuffix(r.Servers[0].Error, "connect: connection refused") || strings.Contains(r.Servers[0].Error, "http:") ||
		r.Servers[1].Error == "" || r.Findings[0].Level != hostcheck.Problem {
		t.Errorf("%+v", r)
	}
}

func TestNobody(t *testing.T) {
	r := cluster.Ask(t.Context(), []string{serve(t, "")})
	if r.Matrix() != "" || !r.Bad() {
		t.Errorf("%+v", r)
	}
}

func TestCheckAddress(t *testing.T) {
	for address, good := range map[string]bool{
		"/run/pmtud/pmtud.sock": true, "http://192.0.2.11:9342": true, "https://u:p@[2001:db8::1]:9342/x": true,
		"pmtud.sock": false, "192.0.2.11:9342": false, "": false, "http://": false, "http://%zz": false, "ftp://a/": false,
	} {
		if err := cluster.CheckAddress(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}
