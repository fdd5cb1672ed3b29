package cmd_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// caseTest is a run of the built program on an input of testdata/cases.
type caseTest struct {
	name   string
	args   []string // in the folder of the inputs
	stdin  string   // path of a file; may be empty
	status int
	want   []string // regular expressions: each is in the output, as it is or in one line
	never  []string // none of these is
}

// TestCases runs the built program on inputs that once gave wrong results.
func TestCases(t *testing.T) {
	for _, tc := range slices.Concat(numberCases(), captureCases(), hiddenCases(), quoteCases()) {
		t.Run(tc.name, func(t *testing.T) { runCase(t, tc) })
	}
}

func runCase(t *testing.T, tc caseTest) {
	t.Helper()
	folder := filepath.Join("..", "testdata", "cases")
	c := exec.CommandContext(t.Context(), program, tc.args...)
	c.Dir = folder
	if tc.stdin != "" {
		c.Stdin = strings.NewReader(readFile(t, filepath.Join(folder, tc.stdin)))
	}
	out, _ := c.CombinedOutput() // the status says whether it failed
	if status := c.ProcessState.ExitCode(); status != tc.status {
		t.Errorf("exit status %d, want %d", status, tc.status)
	}
	line := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range tc.want {
		if re := regexp.MustCompile(want); !re.Match(out) && !re.MatchString(line) {
			t.Errorf("no %s in the output", want)
		}
	}
	for _, never := range tc.never {
		if regexp.MustCompile(never).Match(out) {
			t.Errorf("%s in the output", never)
		}
	}
	if t.Failed() {
		t.Logf("pmtud %s:\n%s", strings.Join(tc.args, " "), out)
	}
}

// replayed is a replay that comes to numbers of packets and forwarded ones.
func replayed(file string, packets, forwarded int, want ...string) caseTest {
	counts := []string{fmt.Sprintf(`(?m)^packets +%d$`, packets), fmt.Sprintf(`(?m)^forwarded +%d$`, forwarded)}
	return caseTest{name: "replay " + file, args: []string{"replay", "--verdicts", "-", file}, want: append(counts, want...)}
}

func traced(packet, want string) caseTest {
	return caseTest{name: "trace " + packet, args: []string{"trace", packet}, want: []string{want}}
}

// numberCases are about packets that the daemon would not have captured, and about
// what packets are called.
func numberCases() []caseTest {
	return []caseTest{
		replayed("number.pcapng", 6, 1, `(?m)^not captured +4 +outgoing$`,
			`"packet":1,.*"verdict":"not-captured","reason":"outgoing"`, `"packet":3,.*"verdict":"forward"`),
		traced("number.pcapng#3", `{"packet":3,.*"verdict":"forward"`),
		traced("number.pcapng#1", `pcap +does not capture it: outgoing`),
		{
			name: "behind the end", args: []string{"trace", "number.pcapng#7"}, status: 1,
			want: []string{`has no packet 7: it ends after 6`},
		},
		{
			name: "behind the end of standard input", args: []string{"trace", "-#7"}, stdin: "number.pcapng", status: 1,
			want: []string{`standard input has no packet 7: it ends after 6`},
		},
		{
			name: "trace of standard input", args: []string{"trace", "-#3", "--ports", "443"}, stdin: "number.pcapng",
			want: []string{`{"packet":3,.*"verdict":"forward"`},
		},
		replayed("sll-out.pcap", 3, 1, `(?m)^not captured +1 +other-host$`, `(?m)^not captured +1 +outgoing$`),
		{
			name: "merged", args: []string{"replay", "--verdicts", "-", "a.pcapng", "b.pcapng"},
			want: []string{`{"capture":"b.pcapng","packet":1,`, `{"capture":"a.pcapng","packet":1,`, `forwarded +2`},
		},
	}
}

// captureCases are about reading files.
func captureCases() []caseTest {
	return []caseTest{
		replayed("far.pcapng", 2, 2, `warning: read far.pcapng: packet 1: the timestamp is not between`),
		replayed("v2.1.pcap", 2, 2),
		replayed("nflog.pcap", 2, 2, `"router":"2001:db8:f::1"`),
		replayed("ppp.pcap", 2, 2, `"router":"2001:db8:f::1"`),
		replayed("bigopt.pcapng.gz", 2, 2),
		{
			name: "another format", args: []string{"replay", "snoop.snoop"}, status: 1,
			want: []string{`neither a pcap nor a pcapng file, but a snoop capture.*editcap -F pcapng snoop.snoop new.pcapng`},
		},
	}
}

// hiddenCases are about messages where neither pmtud nor its kernel filter looks.
func hiddenCases() []caseTest {
	return []caseTest{
		replayed("qinq.pcap", 2, 0, `dropped +2 +icmp-ptb: not-ptb`),
		traced("qinq.pcap#1", `ICMPv4 type 3 code 4 hidden behind a second VLAN tag`),
		traced("qinq.pcap#2", `ICMPv6 type 2 code 0 hidden behind a second VLAN tag`),
		replayed("v6ext.pcap", 3, 0, `dropped +3 +icmp-ptb: not-ptb`),
		traced("v6ext.pcap#1", `ICMPv6 type 2 code 0 hidden behind an IPv6 extension header`),
		traced("v6ext.pcap#2", `ICMPv6 type 2 code 0 hidden behind an IPv6 extension header`),
		traced("v6ext.pcap#3", `not a packet-too-big message but ICMPv6 type 2 code 1`),
	}
}

// quoteCases are about quotes that hold less than they seem to.
func quoteCases() []caseTest {
	recommended := filepath.Join("..", "..", "configs", "recommended.yaml")
	return []caseTest{
		replayed("trailer.pcap", 2, 2), // as the original daemon decides
		{
			name: "trailer", args: []string{"replay", "-c", recommended, "--verdicts", "-", "trailer.pcap"},
			want: []string{`dropped +2 +sane: short-quote`}, never: []string{`"packet":1,.*port"`},
		},
		{
			name: "quote without transport header", args: []string{"replay", "-c", recommended, "quote-without-transport-v6.pcap"},
			want: []string{`forwarded +1\n`, `dropped +1 +sane: short-quote`, `dropped +1 +dedup: duplicate`},
		},
	}
}

// TestCaseWritten reads what a replay wrote compressed.
func TestCaseWritten(t *testing.T) {
	for _, name := range []string{"sent.pcap.gz", "sent.pcapng.zst"} {
		path := filepath.Join(t.TempDir(), name)
		runCase(t, caseTest{args: []string{"replay", "--write", path, "number.pcapng"}, want: []string{`forwarded +1`}})
		magic := "\x1f\x8b"
		if strings.HasSuffix(name, ".zst") {
			magic = "\x28\xb5"
		}
		if file := readFile(t, path); !strings.HasPrefix(file, magic) {
			t.Errorf("%s begins with % x", name, file[:min(4, len(file))])
		}
		runCase(t, caseTest{args: []string{"replay", path}, want: []string{`packets +1\n`, `broadcast`}})
	}
	runCase(t, caseTest{
		args: []string{"replay", "--write", filepath.Join(t.TempDir(), "sent.pcap.xz"), "number.pcapng"}, status: 2,
		want: []string{`\.xz files are not written; end the name in \.gz or \.zst`},
	})
}
