package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// deadline bounds everything that a test waits for.
const deadline = 20 * time.Second

func TestMain(m *testing.M) { netns.Main(m) }

// post is what the server gets.
type post struct {
	path, agent string
	messages    []struct{ MTU int }
}

// TestConfined has the program, confined as far as the kernel can, take a message out of a
// datagram and post it to a server, and has a reload that wants another server refused.
func TestConfined(t *testing.T) {
	program := build(t)
	for _, tc := range []struct {
		name, host string
		tls        bool
	}{
		{"HTTP", "127.0.0.1", false},
		{"HTTPS", "127.0.0.1", true},
		{"a name", "localhost", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := netns.NewTest(t, "host")
			server, posts := serve(t, host, tc.tls)
			scheme := strings.TrimSuffix(server.URL, "://127.0.0.1:8080")
			config := filepath.Join(t.TempDir(), "extra.yaml")
			write(t, config, scheme+"://"+tc.host+":8080/ptb")
			p := start(t, host, program, config, certificate(t, server))
			p.await("msg=ready")
			p.await("program=pmtud-extra version=v1.0.0")
			if status := p.status(); !strings.Contains(status, "Seccomp:\t2\n") || !strings.Contains(status, "NoNewPrivs:\t1\n") {
				t.Errorf("it is not confined:\n%s", status)
			}
			send(t, host, pipelinetest.PTB{MTU: 1380}.Frame()[14:])
			select {
			case got := <-posts:
				if got.path != "/ptb" || got.agent != "pmtud-extra/v1.0.0" || len(got.messages) != 1 || got.messages[0].MTU != 1380 {
					t.Errorf("posted %+v", got)
				}
			case <-time.After(deadline):
				t.Fatalf("nothing was posted:\n%s", p.log.String())
			}
			write(t, config, scheme+"://"+tc.host+":8081/ptb")
			p.signal(unix.SIGHUP)
			p.await("sink http-post needs what the process gave up at its start: connections to TCP port 8081; restart it")
			p.signal(unix.SIGTERM)
			if err := p.Wait(); err != nil {
				t.Errorf("%v:\n%s", err, p.log.String())
			}
		})
	}
}

// build builds the program as pmtud is built.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pmtud-extra")
	c := exec.Command("go", "build", "-o", path, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// serve starts a server on port 8080 of a host and returns what is posted to it.
func serve(t *testing.T, host *netns.NS, secure bool) (*httptest.Server, <-chan post) {
	t.Helper()
	posts := make(chan post, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got := post{path: r.URL.Path, agent: r.UserAgent()}
		if err := json.NewDecoder(r.Body).Decode(&got.messages); err != nil {
			t.Error(err)
		}
		posts <- got
	}))
	server.Listener.Close()
	netns.Must(t, host.Do(func() (err error) {
		server.Listener, err = net.Listen("tcp4", "127.0.0.1:8080")
		return err
	}))
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, posts
}

// certificate writes the certificate of a server to a file, and returns its name.
func certificate(t *testing.T, server *httptest.Server) string {
	t.Helper()
	if server.Certificate() == nil {
		return ""
	}
	path := filepath.Join(t.TempDir(), "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	netns.Must(t, os.WriteFile(path, text, 0o600))
	return path
}

func write(t *testing.T, path, url string) {
	t.Helper()
	text := fmt.Sprintf(`
sandbox: required
pipelines:
  edge:
    sources: [{type: udp-packets, listen: 127.0.0.1:4700}]
    filters: [{type: icmp-ptb}, {type: min-ttl, min: 32}]
    sinks: [{type: http-post, url: %q}]
`, url)
	netns.Must(t, os.WriteFile(path, []byte(text), 0o600))
}

func send(t *testing.T, host *netns.NS, datagram []byte) {
	t.Helper()
	netns.Must(t, host.Do(func() error {
		conn, err := net.Dial("udp", "127.0.0.1:4700")
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write(datagram)
		return err
	}))
}

// process is the running program, and what it has said so far.
type process struct {
	*exec.Cmd
	t     *testing.T
	lines chan string
	log   bytes.Buffer
}

func start(t *testing.T, host *netns.NS, program, config, roots string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, "run", "-c", config), t: t, lines: make(chan string, 1000)}
	if roots != "" {
		p.Env = append(os.Environ(), "SSL_CERT_FILE="+roots)
	}
	stderr, err := p.StderrPipe()
	netns.Must(t, err)
	netns.Must(t, host.Start(p.Cmd))
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p
}

// await waits until the program has said something.
func (p *process) await(text string) {
	p.t.Helper()
	for late := time.After(deadline); !strings.Contains(p.log.String(), text); {
		select {
		case line, open := <-p.lines:
			if !open {
				p.t.Fatalf("the program ended without %q:\n%s", text, &p.log)
			}
			p.log.WriteString(line + "\n")
		case <-late:
			p.t.Fatalf("%q did not come:\n%s", text, &p.log)
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	netns.Must(p.t, p.Process.Signal(s))
}

func (p *process) status() string {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	netns.Must(p.t, err)
	return string(text)
}
