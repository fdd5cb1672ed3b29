package httppost_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"

	"example.org/pmtud-extra/httppost"
)

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestPlugin(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || !json.Valid(body) {
			t.Errorf("body %q, %v", body, err)
		}
	})
	pipelinetest.TestSink(t, httppost.Plugin(), &httppost.Settings{URL: server.URL, Timeout: time.Second})
}

func messages() []*pipeline.Packet {
	var batch []*pipeline.Packet
	for _, mtu := range []uint32{1400, 1300} {
		p := pipelinetest.PTB{MTU: mtu}.Packet(pipelinetest.Begin)
		p.Decode()
		batch = append(batch, &p)
	}
	return batch
}

// deliver opens a sink, has it deliver two messages, and returns why they failed, and its
// health after that.
func deliver(t *testing.T, s httppost.Settings) ([]pipeline.Reason, error) {
	t.Helper()
	stage, err := httppost.Plugin().Build(&s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	sink := stage.(pipeline.Sink)
	if err := sink.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := make([]pipeline.Reason, 2)
	sink.Deliver(messages(), failed)
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
	return failed, stage.(pipeline.HealthChecker).Health()
}

func TestDeliver(t *testing.T) {
	var got []struct {
		Verdict string
		MTU     int
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/ptb" || r.UserAgent() != "test/1" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("request %s %v, header %v", r.Method, r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	failed, err := deliver(t, httppost.Settings{URL: server.URL + "/ptb", Timeout: time.Second})
	if failed[0] != pipeline.Pass || failed[1] != pipeline.Pass || err != nil {
		t.Errorf("failed %v, health %v", failed, err)
	}
	if len(got) != 2 || got[0].Verdict != "forward" || got[0].MTU != 1400 || got[1].MTU != 1300 {
		t.Errorf("posted %+v", got)
	}
}

func TestFailures(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	stop := make(chan struct{})
	defer close(stop)
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	secure.Config.ErrorLog = nil
	for name, tc := range map[string]struct {
		url    string
		want   pipeline.Reason
		health string
	}{
		"an error": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("no ", 100000), http.StatusServiceUnavailable)
		}).URL, httppost.Refused, "503 Service Unavailable"},
		"a redirection": {serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}).URL, httppost.Refused, "307 Temporary Redirect"},
		"no answer": {serve(t, func(http.ResponseWriter, *http.Request) { <-stop }).URL, httppost.Timeout, "exceeded"},
		"half an answer": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			<-stop
		}).URL, httppost.Timeout, "exceeded"},
		"a broken connection": {serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).URL, httppost.Unreachable, "EOF"},
		"no server":           {gone.URL, httppost.Unreachable, "connection refused"},
		"a stranger":          {secure.URL, httppost.Unreachable, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			failed, err := deliver(t, httppost.Settings{URL: tc.url, Timeout: 200 * time.Millisecond})
			if diff := cmp.Diff([]pipeline.Reason{tc.want, tc.want}, failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			if err == nil || !strings.Contains(err.Error(), tc.health) {
				t.Errorf("health %v, want %q", err, tc.health)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for url, want := range map[string]string{
		"http://192.0.2.10/ptb":           "192.0.2.10:80",
		"https://logs.example.net":        "logs.example.net:443",
		"http://[2001:db8::1]:8080/a?b=c": "[2001:db8::1]:8080",
		"ftp://192.0.2.10/":               "",
		"192.0.2.10:80":                   "",
		"http://:80":                      "",
		"":                                "",
	} {
		stage, err := httppost.Plugin().Build(&httppost.Settings{URL: url, Timeout: time.Second}, pipelinetest.Env(t))
		if want == "" {
			if err == nil {
				t.Errorf("%q is accepted", url)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if diff := cmp.Diff(pipeline.Needs{TCP: []string{want}}, stage.(pipeline.HostUser).Needs()); diff != "" {
			t.Errorf("needs of %q (-want +got):\n%s", url, diff)
		}
	}
}
