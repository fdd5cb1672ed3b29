package monitor_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
	"github.com/pmtud/pmtud/cmd/internal/testkit/certificate"
)

// secured is the text of a web configuration file with TLS and the user alice.
func secured(t *testing.T, password string) string {
	t.Helper()
	return "tls_server_config: {cert_file: server.crt, key_file: server.key}\n" + users(t, password)
}

func users(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	return "basic_auth_users: {alice: " + string(hash) + "}\n"
}

// writeWeb writes a web configuration file, and a certificate beside it.
func writeWeb(t *testing.T, text string) (path string, trusted *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "web.yml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path, certificate.Write(t, dir)
}

// ask asks as a user, with a connection of its own.
func ask(url string, trusted *x509.CertPool, user, password string) (status int, err error) {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true,
	}}
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return 0, err
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// want asks as alice.
func (s *server) want(t *testing.T, scheme string, trusted *x509.CertPool, password string, want int) {
	t.Helper()
	if got, err := ask(scheme+"://"+s.addr()+"/livez", trusted, "alice", password); got != want || err != nil {
		t.Errorf("the answer is %d, %v; want %d", got, err, want)
	}
}

// TestWebConfig asks with TLS and passwords, right and wrong ones, and replaces both while
// the server runs.
func TestWebConfig(t *testing.T) {
	path, trusted := writeWeb(t, secured(t, "secret"))
	s := serve(t)
	must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0", WebConfig: path}))
	for name, tc := range map[string]struct {
		scheme, user, password string
		trusted                *x509.CertPool
		want                   int
		err                    string
	}{
		"right":          {"https", "alice", "secret", trusted, 200, ""},
		"wrong password": {"https", "alice", "guess", trusted, 401, ""},
		"wrong user":     {"https", "bob", "secret", trusted, 401, ""},
		"nobody":         {"https", "", "", trusted, 401, ""},
		"without TLS":    {"http", "alice", "secret", nil, 400, ""},
		"not trusted":    {"https", "alice", "secret", x509.NewCertPool(), 0, "certificate signed by unknown authority"},
	} {
		got, err := ask(tc.scheme+"://"+s.addr()+"/livez", tc.trusted, tc.user, tc.password)
		if got != tc.want || (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %d, %v; want %d, %q", name, got, err, tc.want, tc.err)
		}
	}

	must(t, os.WriteFile(path, []byte(secured(t, "other")), 0o600))
	renewed := certificate.Write(t, filepath.Dir(path))
	s.want(t, "https", renewed, "secret", 401)
	s.want(t, "https", renewed, "other", 200)
	if _, err := ask("https://"+s.addr()+"/livez", trusted, "alice", "other"); err == nil {
		t.Error("the old certificate is still used")
	}
}

// TestWebConfigOfSameAddress puts TLS on, has it replaced by a password, and takes that off,
// at one address.
func TestWebConfigOfSameAddress(t *testing.T) {
	path, trusted := writeWeb(t, secured(t, "secret"))
	s := serve(t)
	addr := s.addr()
	move := func(web string) {
		t.Helper()
		must(t, s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0", WebConfig: web}))
		if s.addr() != addr {
			t.Fatalf("the server moved from %s to %s", addr, s.addr())
		}
	}
	s.want(t, "http", nil, "", 200)
	move(path)
	s.want(t, "https", trusted, "secret", 200)
	must(t, os.WriteFile(path, []byte(users(t, "secret")), 0o600))
	move(path)
	s.want(t, "http", nil, "guess", 401)
	s.want(t, "http", nil, "secret", 200)
	m, err := s.Prepare(t.Context(), monitor.Address{Listen: "127.0.0.1:0"})
	must(t, err, m.Cancel(t.Context()))
	s.want(t, "http", nil, "guess", 401)
	move("")
	s.want(t, "http", nil, "guess", 200)
}

// TestWrongWebConfig wants the server to go on as before, and to say what is wrong.
func TestWrongWebConfig(t *testing.T) {
	s := serve(t)
	for text, want := range map[string]string{
		"tls_server: {}\n": "yaml: unmarshal errors: line 1: field tls_server not found in type web.Config",
		"tls_server_config: {cert_file: server.crt}\n":                     "missing one of key or key_file",
		"tls_server_config: {cert_file: no.crt, key_file: server.key}\n":   "no.crt: no such file or directory",
		"tls_server_config: {cert_file: server.key, key_file: server.key}": "failed to load X509KeyPair: tls: failed to find certificate PEM data",
		"basic_auth_users: {alice: secret}\n":                              "hashedSecret too short",
		"{":                                                                "yaml: line 1: did not find expected node content",
	} {
		path, _ := writeWeb(t, text)
		err := s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0", WebConfig: path})
		const begin = "serve metrics and health: web configuration: "
		if err == nil || !strings.HasPrefix(err.Error(), begin) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q", text, err, want)
		}
	}
	err := s.Listen(t.Context(), monitor.Address{Listen: "127.0.0.1:0", WebConfig: "/nowhere/web.yml"})
	if err == nil || !strings.Contains(err.Error(), "open /nowhere/web.yml: no such file or directory") {
		t.Errorf("without a file: %v", err)
	}
	s.want(t, "http", nil, "", 200)
}
