package monitor_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
)

// TestListenOnUnixSocket moves a server from TCP to a socket, which gets a password, and to
// another.
func TestListenOnUnixSocket(t *testing.T) {
	s := serve(t)
	path := filepath.Join(t.TempDir(), "http.sock")
	web, _ := writeWeb(t, users(t, "secret"))
	get := func(password string) int {
		t.Helper()
		client := http.Client{Timeout: timeout, Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", path)
			},
		}}
		r, err := http.NewRequest("GET", "http://localhost/livez", nil)
		must(t, err)
		r.SetBasicAuth("alice", password)
		answer, err := client.Do(r)
		must(t, err)
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, step := range []struct {
		addr monitor.Address
		want int
	}{
		{monitor.Address{Listen: "unix:" + path}, 200},
		{monitor.Address{Listen: "unix:" + path, WebConfig: web}, 401},
		{monitor.Address{Listen: "unix:" + path, WebConfig: web}, 401},
		{monitor.Address{Listen: "unix:" + path}, 200},
	} {
		m, err := s.Prepare(t.Context(), step.addr)
		must(t, err, m.Cancel(t.Context()))
		must(t, s.Listen(t.Context(), step.addr))
		if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
			t.Errorf("the socket is %v, %v", info, err)
		}
		if got := get("guess"); got != step.want {
			t.Errorf("%v: a wrong password is answered with %d, want %d", step.addr, got, step.want)
		}
		if got := get("secret"); got != 200 {
			t.Errorf("%v: the right password is answered with %d", step.addr, got)
		}
	}

	taken, err := net.Listen("unix", filepath.Join(t.TempDir(), "taken.sock"))
	must(t, err)
	defer taken.Close()
	err = s.Listen(t.Context(), monitor.Address{Listen: "unix:" + taken.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "another program listens on") {
		t.Errorf("a socket that is taken: %v", err)
	}
	get("")
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0"}))
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there")
	}
	s.want(t, "http", nil, "", 200)
}
