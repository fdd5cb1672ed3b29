package cmd_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/testkit/certificate"
)

// writeWeb writes a web configuration file with TLS and the user alice, and a certificate
// beside it.
func writeWeb(t *testing.T, password string) (path string, trusted *x509.CertPool) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "web.yml")
	overwrite(t, path, "tls_server_config: {cert_file: server.crt, key_file: server.key}\nbasic_auth_users: {alice: "+string(hash)+"}\n")
	return path, certificate.Write(t, filepath.Dir(path))
}

// overTLS asks a unix socket for the page as alice, and returns the status.
func overTLS(socket string, trusted *x509.CertPool, password string) (int, error) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	r, err := http.NewRequest("GET", "https://localhost/", nil)
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth("alice", password)
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	answer.Body.Close()
	return answer.StatusCode, nil
}

// TestWebOfConfined asks a confined daemon with TLS and a password on a unix socket, after
// the certificate was replaced and after reloads, of which one names a file that is out of
// its reach.
func TestWebOfConfined(t *testing.T) {
	socket := filepath.Join(socketFolder(t), "http.sock")
	web, trusted := writeWeb(t, "secret")
	set := func(web string) string {
		return "http: {listen: \"unix:" + socket + "\", web_config: " + web + "}\n" + endless(t, "a")
	}
	path := writeConfig(t, set(web))
	p := startRun(t, path)
	p.await("msg=ready")
	want := func(password string, status int) {
		t.Helper()
		if got, err := overTLS(socket, trusted, password); got != status || err != nil {
			t.Errorf("the answer is %d, %v; want %d\n%s", got, err, status, p.log())
		}
	}
	want("secret", 200)
	want("guess", 401)

	trusted = certificate.Write(t, filepath.Dir(web))
	want("secret", 200)

	p.signal(unix.SIGHUP)
	p.await("msg=reloaded")
	want("secret", 200)
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket: %v, %v", info, err)
	}

	elsewhere, _ := writeWeb(t, "other")
	overwrite(t, path, set(elsewhere))
	p.signal(unix.SIGHUP)
	if strings.Contains(p.log(), `files="landlock`) {
		p.await("web configuration " + elsewhere + " needs what the process gave up at its start: the right to read in ")
		p.await("the old configuration stays in use")
		want("secret", 200)
	} else {
		p.await(`web_config=` + elsewhere)
	}
	p.stop()
}

// TestCheckWeb wants mistakes of a web configuration at the place where it is named, and
// what is missing from a look at the host.
func TestCheckWeb(t *testing.T) {
	web, _ := writeWeb(t, "secret")
	path := writeConfig(t, "http:\n  web_config: "+web+"\n"+endless(t, "a"))
	done(t, run(t, "check", "-c", path))
	overwrite(t, web, "users: {}\n")
	if got := run(t, "check", "-c", path); got.status != 2 ||
		!strings.HasPrefix(got.stderr, path+":2:15: yaml: unmarshal errors: line 1: field users not found in type web.Config\n") {
		t.Errorf("with a mistake: %+v", got)
	}
	if err := os.Remove(web); err != nil {
		t.Fatal(err)
	}
	done(t, run(t, "check", "-c", path))
	if got := run(t, "check", "--host", "-c", path); got.status != 1 || !strings.Contains(got.stdout, "file "+web) {
		t.Errorf("without the file: %+v", got)
	}
}
