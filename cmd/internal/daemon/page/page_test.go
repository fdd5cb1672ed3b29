package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/daemon/page"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
)

// hostile is a name that wants to be more than text, wherever it is put.
const hostile = `"'><script src=//evil.example></script><img src=x onerror=alert(1)>`

// served is a page of a daemon that runs these pipelines.
func served(t *testing.T, access page.Access, pipelines ...service.PipelineStatus) *httptest.Server {
	t.Helper()
	status := service.Status{Pipelines: pipelines, Reload: service.ReloadStatus{Hash: hostile, Err: hostile}}
	p := page.New(control.Daemon{
		Program: "pmtud", Version: hostile, Files: true, Live: live.New(slog.New(slog.DiscardHandler)),
		Status: func() service.Status { return status },
	})
	p.Allow(access)
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s
}

// get asks as a host of this name.
func get(t *testing.T, s *httptest.Server, path, host string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// TestAccess asks with hosts that a browser would ask with.
func TestAccess(t *testing.T) {
	for name, tc := range map[string]struct {
		access page.Access
		host   string
		status int
		says   string
	}{
		"address":           {page.Loopback, "127.0.0.1:9342", 200, "<main>"},
		"another of them":   {page.Loopback, "127.1.2.3", 200, "<main>"},
		"IPv6":              {page.Loopback, "[::1]:9342", 200, "<main>"},
		"IPv6 without port": {page.Loopback, "[::1]", 200, "<main>"},
		"name":              {page.Loopback, "LocalHost:80", 200, "<main>"},
		"no setting":        {"", "localhost", 200, "<main>"},
		"name rebound":      {page.Loopback, "evil.example:9342", 403, "page: anyone"},
		"looks like it":     {page.Loopback, "127.0.0.1.evil.example", 403, "page: anyone"},
		"not this host":     {page.Loopback, "192.0.2.1:9342", 403, "page: anyone"},
		"nothing":           {page.Loopback, "", 200, "<main>"}, // the client sends the address
		"anyone":            {page.Anyone, "pmtud.example", 200, "<main>"},
		"off":               {page.Off, "127.0.0.1", 403, "http.page"},
	} {
		t.Run(name, func(t *testing.T) {
			s := served(t, tc.access)
			for _, path := range []string{"/", "/api/status", "/api/top", "/page.css", "/page.js"} {
				answer, body := get(t, s, path, tc.host)
				if answer.StatusCode != tc.status {
					t.Errorf("%s is answered with %s", path, answer.Status)
				}
				if path == "/" && !strings.Contains(body, tc.says) {
					t.Errorf("%s has no %q:\n%s", path, tc.says, body)
				}
				if tc.status == 403 && (strings.Contains(body, hostile) || !strings.Contains(body, "/metrics ")) {
					t.Errorf("%s is refused with\n%s", path, body)
				}
			}
		})
	}
}

// TestRemote asks as connections look that come from or to other hosts.
func TestRemote(t *testing.T) {
	for name, addresses := range map[string]struct {
		local, remote string
		status        int
	}{
		"within the host":      {"127.0.0.1:9342", "127.0.0.1:40000", 200},
		"IPv4 in IPv6":         {"[::ffff:127.0.0.1]:9342", "[::ffff:127.0.0.1]:40000", 200},
		"to another address":   {"192.0.2.1:9342", "192.0.2.1:40000", 403},
		"from another host":    {"192.0.2.1:9342", "198.51.100.1:40000", 403},
		"routed to loopback":   {"127.0.0.1:9342", "198.51.100.1:40000", 403},
		"address without port": {"127.0.0.1:9342", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			p := page.New(control.Daemon{
				Status: func() service.Status { return service.Status{} }, Live: live.New(slog.New(slog.DiscardHandler)),
			})
			p.Allow(page.Loopback)
			local, err := net.ResolveTCPAddr("tcp", addresses.local)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local), "GET", "http://localhost/", nil)
			r.RemoteAddr = addresses.remote
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if w.Code != addresses.status {
				t.Errorf("status is %d, want %d", w.Code, addresses.status)
			}
		})
	}
}

// tag matches what loads or runs something.
var tag = regexp.MustCompile(`<(script|img|style|iframe|link|meta|a|base)\b[^>]*>`)

// TestEscape gives everything that a file or another host can name a hostile name.
func TestEscape(t *testing.T) {
	failed := servicetest.Start(t, pipeline.Spec{
		Name: "edge", Sources: []pipeline.Stage{(&servicetest.Source{}).Stage("in")},
		Sinks: []pipeline.SinkStage{servicetest.Sink{}.Stage("out")},
	})
	failed.Name, failed.Ended, failed.Err = hostile, true, errors.New(hostile)
	s := served(t, page.Loopback, failed)
	_, body := get(t, s, "/", "localhost")
	for _, found := range tag.FindAllString(body, -1) {
		if strings.Contains(found, "evil") || strings.Contains(found, "onerror") {
			t.Errorf("page has %s", found)
		}
	}
	if strings.Contains(body, hostile) || strings.Count(body, "evil.example&gt;&lt;/script&gt;") < 4 {
		t.Errorf("the name is not there as text:\n%s", body)
	}
	_, body = get(t, s, "/api/status", "localhost")
	var st control.Status
	if err := json.Unmarshal([]byte(body), &st); err != nil || st.Version != hostile {
		t.Errorf("version is %q, %v", st.Version, err)
	}
}

// TestPolicy wants answers that let a browser load nothing from elsewhere and run nothing
// that is written into the page.
func TestPolicy(t *testing.T) {
	s := served(t, page.Loopback)
	for _, path := range []string{"/", "/page.css", "/page.js", "/icon.svg", "/api/status", "/api/top", "/api/tap", "/other"} {
		answer, body := get(t, s, path, "localhost")
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if path == "/api/tap" || path == "/other" {
			if answer.StatusCode != 404 {
				t.Errorf("%s is answered with %s", path, answer.Status)
			}
			continue
		}
		if answer.StatusCode != 200 {
			t.Errorf("%s is answered with %s", path, answer.Status)
		}
		for _, url := range regexp.MustCompile(`(?:href|src)="([^"]*)"|url\(|@import|https?://[a-z0-9./]*`).FindAllString(body, -1) {
			if strings.Contains(url, "//") && url != "http://www.w3.org/2000/svg" || strings.Contains(url, "url(") || url == "@import" {
				t.Errorf("%s has %s", path, url)
			}
		}
		if regexp.MustCompile(`(?i)<[^>]*\s(on[a-z]+|style)=|<script>|<style`).MatchString(body) && path == "/" {
			t.Errorf("%s has script or style in it:\n%s", path, body)
		}
	}
}
