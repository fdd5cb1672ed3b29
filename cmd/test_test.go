package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testFolder is a folder with a capture and a configuration, in which the test
// runs.
func testFolder(t *testing.T, files map[string]string) {
	t.Helper()
	capture := readFile(t, filepath.Join(samples, "ports.pcap"))
	golden := readFile(t, filepath.Join(samples, "ports-web.jsonl"))
	edge := readFile(t, filepath.Join(samples, "edge.yaml"))
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("ports.pcap", capture)
	write("web.jsonl", golden)
	write("edge.yaml", edge)
	for name, text := range files {
		write(name, text)
	}
}

const webTest = `tests:
  web:
    capture: ports.pcap
    options: [-p, "80,443", -s100, -r, 100]
    expect: {verdicts: web.jsonl}
`

func TestTest(t *testing.T) {
	for name, tc := range map[string]struct {
		files  map[string]string
		args   []string
		status int
		stdout string
		stderr string // a part of it
	}{
		"passes": {
			files: map[string]string{"web_test.yaml": webTest, "not.yaml": "a: b"}, args: []string{"."},
			stdout: "ok    web_test.yaml: web\n1 test, 0 failed\n",
		},
		"any name": {
			files: map[string]string{"web": webTest}, args: []string{"web"},
			stdout: "ok    web: web\n1 test, 0 failed\n",
		},
		"folders below": {
			files: map[string]string{
				"b/x_test.yml":  "tests: {x: {capture: ../ports.pcap, expect: {packets: 8}}}",
				"a/x_test.toml": "[tests.x]\ncapture = '../ports.pcap'\nconfig = '../edge.yaml'\npipeline = 'edge'\nexpect.packets = 8\n",
			},
			args:   []string{"."},
			stdout: "ok    a/x_test.toml: x\nok    b/x_test.yml: x\n2 tests, 0 failed\n",
		},
		"counts differ": {
			files: map[string]string{"t.yaml": `tests:
  - name: x
    capture: ports.pcap
    options: [-p, 80, -s100, -r100]
    expect: {packets: 7, forwarded: 1, dropped: {port-list: {port-not-listed: 3}, mtu: {bad-mtu: 1}}, sent: {broadcast: 0, two: 1}}
`},
			args: []string{"t.yaml"}, status: 1,
			stdout: `FAIL  t.yaml: x
      packets: expected 7, got 8
      forwarded: expected 1, got 2
      dropped icmp-ptb: not-ptb: expected 0, got 1
      dropped mtu: bad-mtu: expected 1, got 0
      dropped port-list: port-not-listed: expected 3, got 5
      sent broadcast: expected 0, got 2
      sent two: expected 1, got 0
1 test, 1 failed
`,
		},
		"verdicts differ": {
			files: map[string]string{"t.yaml": strings.Replace(webTest, "80,443", "443,8081", 1)},
			args:  []string{"t.yaml"}, status: 1,
			stdout: `FAIL  t.yaml: web
      web.jsonl differs
        packet 1: expected verdict forward, got verdict drop stage port-list reason port-not-listed
        packet 3: expected verdict drop stage port-list reason port-not-listed, got verdict forward
        packet 5: expected verdict forward, got verdict drop stage port-list reason port-not-listed
1 test, 1 failed
`,
		},
		"golden file is missing": {
			files: map[string]string{"t.yaml": strings.Replace(webTest, "web.jsonl", "new.jsonl", 1)},
			args:  []string{"t.yaml"}, status: 1,
			stdout: "FAIL  t.yaml: web\n      new.jsonl does not exist; --update writes it\n1 test, 1 failed\n",
		},
		"capture is damaged": {
			files: map[string]string{
				"t.yaml":   "tests: {x: {capture: cut.pcap, expect: {packets: 1}}}",
				"cut.pcap": readFile(t, filepath.Join(samples, "ports.pcap"))[:200],
			},
			args: []string{"t.yaml"}, status: 1,
			stdout: "FAIL  t.yaml: x\n      read cut.pcap: at byte 182: the file ends after 2 of a packet's 142 bytes\n1 test, 1 failed\n",
		},
		"nothing named":     {args: []string{}, status: 2, stderr: "FILE|DIR is missing"},
		"nothing there":     {args: []string{"nowhere"}, status: 2, stderr: "find tests: stat nowhere: no such file"},
		"no files":          {args: []string{"."}, status: 2, stderr: "find tests: there are no files *_test.yaml, *_test.yml or *_test.toml in ."},
		"no tests":          {files: map[string]string{"t.yaml": "tests: []"}, args: []string{"t.yaml"}, status: 2, stderr: "there are no tests in these files"},
		"no expectation":    {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, expect: {}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:42: `expect` is empty"},
		"no capture":        {files: map[string]string{"t.yaml": "tests: {x: {capture: gone.pcap, expect: {packets: 1}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:22: `capture`: find files gone.pcap: file does not exist"},
		"capture is golden": {files: map[string]string{"t.yaml": "tests: {x: {capture: '*.pcap', expect: {sent_file: ./ports.pcap}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:40: `expect`: ports.pcap is the capture; --update would overwrite it"},
		"standard input":    {files: map[string]string{"t.yaml": "tests: {x: {capture: '-', expect: {packets: 1}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:22: `capture` must be a file"},
		"both":              {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, config: edge.yaml, options: [-t], expect: {packets: 1}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:62: `options`: can't be used together"},
		"pipeline alone":    {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, pipeline: a, options: [-t], expect: {packets: 1}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:44: `pipeline`: can be used with `config` only"},
		"two of a name":     {files: map[string]string{"t.yaml": "tests: [{name: x, capture: ports.pcap, expect: {packets: 8}}, {name: x, capture: ports.pcap, expect: {packets: 8}}]"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:8: `tests`: two tests are called \"x\""},
		"bad option":        {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, options: [--frob], expect: {packets: 8}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:9: test x: options: unknown option --frob"},
		"operand":           {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, options: [x], expect: {packets: 8}}}"}, args: []string{"t.yaml"}, status: 2, stderr: `options: "x" is not an option`},
		"which pipeline":    {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, config: edge.yaml, expect: {packets: 8}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "--pipeline is missing; choose from: edge, any-port"},
		"bad configuration": {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, config: bad.yaml, expect: {packets: 8}}}", "bad.yaml": "pipelins: 1"}, args: []string{"t.yaml"}, status: 2, stderr: "bad.yaml:1:1: unknown setting `pipelins`"},
		"unknown setting":   {files: map[string]string{"t.yaml": "tests: {x: {capture: ports.pcap, expect: {forwardd: 8}}}"}, args: []string{"t.yaml"}, status: 2, stderr: "t.yaml:1:43: unknown setting `forwardd` of `expect`; did you mean `forwarded`?"},
	} {
		t.Run(name, func(t *testing.T) {
			testFolder(t, tc.files)
			got := run(t, append([]string{"test"}, tc.args...)...)
			if got.status != tc.status || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("exit status %d, want %d:\n%s", got.status, tc.status, got.stderr)
			}
			if diff := cmp.Diff(tc.stdout, got.stdout); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTestUpdate wants golden files that differ to be rewritten, and nothing
// else to change.
func TestTestUpdate(t *testing.T) {
	testFolder(t, map[string]string{
		"t.yaml": strings.Replace(webTest, "web.jsonl", "web.jsonl, sent_file: sent.pcapng, packets: 1", 1),
	})
	got := run(t, "test", "--update", "t.yaml")
	want := "FAIL  t.yaml: web\n      sent.pcapng renewed\n      packets: expected 1, got 8\n1 test, 1 failed\n"
	if got.status != 1 || got.stdout != want {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	sent := readFile(t, "sent.pcapng")
	if replayed := run(t, "replay", "-p", "80,443", "-s100", "-r100", "-w", "-", "ports.pcap"); replayed.status != 0 {
		t.Errorf("replay: %s", replayed.stderr)
	}
	if err := os.WriteFile("sent.pcapng", []byte(strings.Replace(sent, "\x01\xbb", "\x01\xbc", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	got = run(t, "test", "t.yaml")
	if !strings.Contains(got.stdout, "sent.pcapng differs\n        packet 2: bytes from 48 on: expected ") {
		t.Errorf("output is\n%s", got.stdout)
	}
}

// TestTestJUnit wants the same results in the same bytes, in a file of their own
// or on standard output.
func TestTestJUnit(t *testing.T) {
	testFolder(t, map[string]string{"web_test.yaml": webTest})
	done(t, run(t, "test", "--junit", "out.xml", "."))
	got := run(t, "test", "--junit", "-", ".")
	if diff := cmp.Diff(readFile(t, "out.xml"), got.stdout); diff != "" || !strings.Contains(got.stdout, `<testcase classname="web_test.yaml" name="web">`) {
		t.Errorf("(-file +standard output):\n%s", diff)
	}
	if got.stderr != "ok    web_test.yaml: web\n1 test, 0 failed\n" {
		t.Errorf("standard error is %q", got.stderr)
	}
}

// TestTestReport wants a page with each test, and the same results as without one.
func TestTestReport(t *testing.T) {
	testFolder(t, map[string]string{
		"a_test.yaml": webTest,
		"b_test.yaml": strings.ReplaceAll(strings.Replace(webTest, "80,443", "443,8081", 1), "  web:", "  \"<b>other\":"),
	})
	without := run(t, "test", ".")
	got := run(t, "test", "--report", "r.html", ".")
	if got != without || got.status != 1 {
		t.Errorf("with a report:\n%+v\nwithout:\n%+v", got, without)
	}
	page := readFile(t, "r.html")
	for _, want := range []string{
		"<h1>2 tests, 1 failed</h1>",
		`<li>ok <a href="#test-1">a_test.yaml: web</a></li>`,
		`<li><strong>FAIL</strong> <a href="#test-2">b_test.yaml: &lt;b&gt;other</a></li>`,
		"<pre>web.jsonl differs\n  packet 1: expected verdict forward, got verdict drop",
		`<h3 id="test-1-time">Verdicts over time</h3>`,
		`<h3 id="test-2-time">Verdicts over time</h3>`,
		"</article>\n</main>",
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("the page has %q %d times", want, strings.Count(page, want))
		}
	}
	piped := run(t, "test", "--report", "-", ".")
	if piped.stdout != page || piped.stderr != without.stdout {
		t.Errorf("to standard output:\n%s\n%s", piped.stdout, piped.stderr)
	}
	if got := run(t, "test", "--junit", "-", "--report", "-", "."); got.status != 2 || !strings.Contains(got.stderr, "only one output can go to standard output") {
		t.Errorf("two outputs: %+v", got)
	}
}
