package cmd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// result is what a run of the program left.
type result struct {
	status         int
	stdout, stderr string
}

// run calls the program in this process.
func run(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr pipelinetest.Buffer
	streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
	status := cmd.Run(t.Context(), args, streams, cmd.Program{Plugins: cmd.Plugins()})
	return result{status, stdout.String(), stderr.String()}
}

// done wants a run to have succeeded and returns its output.
func done(t *testing.T, r result) string {
	t.Helper()
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.stderr)
	}
	return r.stdout
}

func TestUsageErrors(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string // in the message
	}{
		"nothing":                {nil, "--iface is missing"},
		"peer with a zone":       {[]string{"-i", "x", "-P", "2001:db8::1%eth0"}, `--peers: "2001:db8::1%eth0" has a zone`},
		"no interface":           {[]string{"-v"}, "--iface is missing"},
		"empty interface":        {[]string{"--iface="}, "--iface is missing"},
		"no value":               {[]string{"--iface"}, "option --iface needs a value"},
		"no value, short":        {[]string{"-vi"}, "option --iface needs a value"},
		"unknown long":           {[]string{"-i", "eth0", "--frob"}, "unknown option --frob"},
		"misspelt option":        {[]string{"--ifcae", "eth0"}, "unknown option --ifcae; did you mean --iface?"},
		"one dash":               {[]string{"-iface", "eth0"}, "unknown option -iface; did you mean --iface?"},
		"one dash and a value":   {[]string{"-iface=eth0"}, "unknown option -iface; did you mean --iface?"},
		"a file":                 {[]string{"-c", "edge.yaml"}, "to run a configuration: pmtud run -c FILE"},
		"option of commands":     {[]string{"--config", "x"}, "unknown option --config; did you mean pmtud run --config?"},
		"option of one command":  {[]string{"--tcp", "80"}, "unknown option --tcp; did you mean pmtud probe --tcp?"},
		"beginning of an option": {[]string{"replay", "--verd", "x"}, "unknown option --verd; did you mean --verdicts?"},
		"letter of other case":   {[]string{"doctor", "-C", "x"}, "unknown option -C; did you mean -c?"},
		"misspelt after command": {[]string{"status", "--contrl", "x"}, "unknown option --contrl; did you mean --control?"},
		"unknown short":          {[]string{"-i", "eth0", "-vx"}, "unknown option -x"},
		"not ASCII":              {[]string{"-ä"}, "unknown option -ä"},
		"ambiguous":              {[]string{"--if", "eth0"}, "option --if is ambiguous: --iface, --iface-rate"},
		"value for a switch":     {[]string{"--strict=1"}, "option --strict takes no value"},
		"value for a count":      {[]string{"--verb=3"}, "option --verbose takes no value"},
		"operand":                {[]string{"-i", "eth0", "--", "run"}, `unknown command "run"`},
		"unknown command":        {[]string{"frobnicate"}, `unknown command "frobnicate"`},
		"misspelt command":       {[]string{"chekc"}, "did you mean check?"},
		"option before command":  {[]string{"-v", "run"}, "unknown option --verbose"},
		"run without config":     {[]string{"run"}, "--config is missing"},
		"check without config":   {[]string{"check"}, "--config is missing"},
		"operand of a command":   {[]string{"run", "file.yaml"}, `unexpected "file.yaml"; to name a file, use -c: pmtud run -c file.yaml`},
		"operand too many":       {[]string{"version", "x"}, `unexpected "x"; pmtud version takes only options`},
		"second operand":         {[]string{"plugins", "mtu", "pcap"}, `unexpected "pcap"; there can be only one NAME`},
		"no operand":             {[]string{"replay"}, "CAPTURE is missing"},
		"option of a command":    {[]string{"run", "--frob"}, "unknown option --frob"},
		"short of a command":     {[]string{"run", "-x"}, "unknown option -x"},
		"no value for a command": {[]string{"run", "-c"}, "option --config needs a value"},
		"empty value":            {[]string{"run", "-c", ""}, `option --config: "": the path is empty`},
		"value without =":        {[]string{"-i", "eth0", "--print-config", "toml"}, `unknown command "toml"; a value of --print-config comes behind a =: --print-config=toml`},
		"value of a command":     {[]string{"check", "--format=xml"}, `option --format: "xml": must be text, json or sarif`},
		"help about nothing":     {[]string{"help", "chekc"}, `unknown command "chekc"; did you mean check?`},
		"help about an operand":  {[]string{"help", "run", "file.yaml"}, `unexpected "file.yaml"`},
		"completion of a shell":  {[]string{"completion", "tcsh"}, `unknown shell "tcsh"; there are bash, fish, powershell, zsh`},
		"completion of none":     {[]string{"completion"}, "the name of a shell is missing"},
		"unknown plugin":         {[]string{"plugins", "frob"}, `unknown plugin "frob"`},
		"unknown format":         {[]string{"-i", "eth0", "--print-config=xml"}, "--print-config: unknown format \"xml\": must be yaml, toml or json"},
		"cache of a name":        {[]string{"cache", "example.net"}, `"example.net" is neither list nor flush nor an address`},
		"cache of two":           {[]string{"cache", "list", "::1", "::2"}, `unexpected "::2"; cache takes list or flush`},
		"cache of much":          {[]string{"cache", "list", "::1", "::2", "::3"}, `unexpected "::2"; cache takes list or flush`},
		"cache of both":          {[]string{"cache", "-46"}, "-4 and -6 can't be used together"},
		"cache of the other":     {[]string{"cache", "-4", "::1"}, "::1 is not an IPv4 address"},
		"list without question":  {[]string{"cache", "--yes"}, "--yes is for flush only"},
		"flush without terminal": {[]string{"cache", "flush"}, "flush asks before it deletes, and there is no terminal to ask on; add --yes"},
		"operand of doctor":      {[]string{"doctor", "x.yaml"}, `unexpected "x.yaml"; to name a file, use -c: pmtud doctor -c x.yaml`},
		"nobody to probe":        {[]string{"probe"}, "HOST is missing"},
		"probe of both":          {[]string{"probe", "-46", "192.0.2.1"}, "-4 and -6 can't be used together"},
		"probe from a name":      {[]string{"probe", "--from", "here", "192.0.2.1"}, `--from: "here" is not an address`},
		"probe from elsewhere":   {[]string{"probe", "-6", "--from", "192.0.2.2", "::1"}, "--from: 192.0.2.2 is not an IPv6 address"},
		"probe of port 0":        {[]string{"probe", "--tcp", "0", "192.0.2.1"}, `--tcp: "0" is not a port`},
		"probe of no port":       {[]string{"probe", "--tcp", "http", "192.0.2.1"}, `--tcp: "http" is not a port`},
		"rate nan":               {[]string{"-i", "eth0", "--src-rate", "nan"}, "--src-rate: must be from 0.001 to 1e9, not NaN"},
		"rate inf":               {[]string{"-i", "eth0", "--src-rate", "inf"}, "--src-rate: must be from 0.001 to 1e9, not +Inf"},
		"rate minus inf":         {[]string{"-i", "eth0", "--iface-rate", "-inf"}, "--iface-rate: must be from 0.001 to 1e9, not -Inf"},
		"rate negative":          {[]string{"-i", "eth0", "-s-1"}, "--src-rate: must be from 0.001 to 1e9, not -1"},
		"rate zero":              {[]string{"-i", "eth0", "-r", "0"}, "--iface-rate: must be from 0.001 to 1e9, not 0"},
		"rate tiny":              {[]string{"-i", "eth0", "-r", "1e-300"}, "--iface-rate: must be from 0.001 to 1e9, not 1e-300"},
		"rate huge":              {[]string{"-i", "eth0", "-r", "1e300"}, "--iface-rate: must be from 0.001 to 1e9, not 1e+300"},
		"rate out of range":      {[]string{"-i", "eth0", "-r", "1e999"}, `--iface-rate: "1e999" is not a number`},
		"rate garbage":           {[]string{"-i", "eth0", "-r", "10pps"}, `--iface-rate: "10pps" is not a number`},
		"rate hexadecimal":       {[]string{"-i", "eth0", "-r", "0x1p4"}, `--iface-rate: "0x1p4" is not a number`},
		"rate empty":             {[]string{"-i", "eth0", "--iface-rate="}, `--iface-rate: "" is not a number`},
		"ports empty":            {[]string{"-i", "eth0", "--ports="}, `--ports: "" is not a port`},
		"ports with space":       {[]string{"-i", "eth0", "--ports", " 80"}, `--ports: " 80" is not a port`},
		"ports with sign":        {[]string{"-i", "eth0", "--ports", "+80"}, `--ports: "+80" is not a port`},
		"ports too high":         {[]string{"-i", "eth0", "--ports", "4294967376"}, `--ports: "4294967376" is not a port`},
		"ports 65536":            {[]string{"-i", "eth0", "--ports", "65536"}, `--ports: "65536" is not a port`},
		"ports with empty items": {[]string{"-i", "eth0", "--ports", "80,,443"}, `--ports: "" is not a port`},
		"ports with end comma":   {[]string{"-i", "eth0", "--ports", "80,"}, `--ports: "" is not a port`},
		"cpu garbage":            {[]string{"-i", "eth0", "--cpu", "one"}, `--cpu: "one" is not a CPU number`},
		"cpu negative":           {[]string{"-i", "eth0", "-c-1"}, `--cpu: "-1" is not a CPU number`},
		"cpu that is not there":  {[]string{"-i", "eth0", "-c60000"}, "--cpu: there is no CPU 60000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := run(t, tt.args...)
			if got.status != 2 || got.stdout != "" {
				t.Errorf("exit status %d, output %q; want 2 and none", got.status, got.stdout)
			}
			if !strings.Contains(got.stderr, tt.want) {
				t.Errorf("message is\n%swant\n%s", got.stderr, tt.want)
			}
			root := cmd.RootCommand()
			root.InitDefaultHelpCmd()
			about, _, err := root.Find(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(got.stderr, "\nTry '"+about.CommandPath()+" --help' for more information.\n") {
				t.Errorf("hint at --help is missing:\n%s", got.stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	want := []string{
		"-i, --iface", "-s, --src-rate", "-r, --iface-rate", "-v, --verbose", "-d, --dry-run", "-c, --cpu",
		"-p, --ports", "-t, --strict", "-S, --use-src", "-h, --help", "--print-config",
		"run", "check", "plugins", "version", "help", "completion",
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"--he"}, {"-vh"}, {"help"}} {
		text := done(t, run(t, args...))
		for _, option := range want {
			if !strings.Contains(text, option) {
				t.Errorf("pmtud %v does not list %s:\n%s", args, option, text)
			}
		}
	}
}

// TestPrintConfig compares what options stand for with golden files, and wants the
// same from files as from options.
func TestPrintConfig(t *testing.T) {
	tests := map[string][]string{
		"default":  {"--iface", "eth0"},
		"all":      {"-i", "eth0.100", "-s", "0.5", "-r", "1e3", "-vvv", "-d", "-c", "0", "-p", "80,443,8000-8080", "-t", "-S"},
		"verbose":  {"-i", "eth0", "-v"},
		"odd-name": {"-i", "#yes", "--src-rate", ".5", "--iface-rate", "100000000", "-p", "0080"},
	}
	for name, args := range tests {
		for _, format := range []string{"yaml", "toml"} {
			t.Run(name+" "+format, func(t *testing.T) {
				text := done(t, run(t, append(args, "--print-config="+format)...))
				golden := filepath.Join("testdata", name+"."+format)
				goldentest.Compare(t, golden, text)

				f, err := config.Load(t.Context(), []string{golden}, cmd.Plugins())
				if err != nil {
					t.Fatal(err)
				}
				again, err := write.Declared(f).Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(text, string(again)); diff != "" {
					t.Errorf("file differs from options (-options +file):\n%s", diff)
				}
				if got := done(t, run(t, "check", "-c", golden)); got != golden+": ok\n" {
					t.Errorf("check says %q", got)
				}
			})
		}
	}
}

// TestSpellings gives the same options in all ways that getopt_long(3) knows.
func TestSpellings(t *testing.T) {
	want := done(t, run(t, "--iface=eth0", "--verbose", "--verbose", "--dry-run", "--ports=80", "--print-config=yaml"))
	spellings := [][]string{
		{"--iface", "eth0", "-vv", "-d", "-p80", "--print-config"},
		{"-i", "eth0", "-v", "-v", "-d", "-p", "80", "--print-config"},
		{"-ieth0", "-vdv", "--ports", "80", "--print-c"},
		{"-dvvi", "eth0", "--po=80", "--print-config"},
		{"-dvvieth0", "--po", "80", "--pr=yaml"},
		{"--verb", "--dry", "-vp80", "-i", "eth1", "--iface=eth0", "--print-config"},
		{"--print-config", "--iface", "eth0", "--verbos", "-vd", "-p", "443", "--ports=80"},
	}
	for _, args := range spellings {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if diff := cmp.Diff(want, done(t, run(t, args...))); diff != "" {
				t.Errorf("configuration differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestValuesLikeOptions gives options values that look like options or commands.
func TestValuesLikeOptions(t *testing.T) {
	for _, iface := range []string{"run", "-v", "--help", "--", "check", "a=b"} {
		for _, args := range [][]string{{"-i", iface}, {"-dvi", iface}, {"--iface", iface}, {"--iface=" + iface}, {"-i" + iface}} {
			text := done(t, run(t, append(args, "--print-config=toml")...))
			if want := `interface = "` + iface + `"`; strings.Count(text, want) != 2 {
				t.Errorf("pmtud %q stands for\n%s", args, text)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", "pipelines: {a: {sources: [{type: pcap-file, path: nowhere.pcap}], sinks: [{type: log}]}}\n")
	bad := write("bad.yaml", "pipelines:\n  b:\n    sources: [{type: pcap, intreface: eth0}]\n    sinks: [{type: log}]\n")
	cpu := write("cpu.yaml", "cpu: 60000\npipelines: {c: {sources: [{type: pcap-file, path: x}], sinks: [{type: log}]}}\n")
	empty := write("empty.yaml", "")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}

	tests := map[string]struct {
		args   []string
		status int
		stdout string
		stderr []string
	}{
		"good":             {[]string{"-c", good}, 0, good + ": ok\n", nil},
		"bad":              {[]string{"--config=" + bad}, 2, "", []string{bad + ":3:28: unknown setting `intreface` of source `pcap`; did you mean `interface`?\n"}},
		"good and bad":     {[]string{"-c", good, "-c", bad}, 2, good + ": ok\n", []string{bad + ":3:28: "}},
		"unknown cpu":      {[]string{"-c" + cpu}, 2, "", []string{cpu + ":1:6: there is no CPU 60000; the machine has "}},
		"several mistakes": {[]string{"-c", cpu, "-c", bad, "-c", empty}, 2, "", []string{cpu + ":1:6: ", bad + ":3:28: ", empty + ": file is empty; `pmtud init` writes one to start from\n"}},
		"empty file":       {[]string{"-c", empty}, 2, "", []string{empty + ": file is empty; `pmtud init` writes one to start from\n"}},
		"empty folder":     {[]string{"-c", filepath.Join(dir, "folder")}, 2, "", []string{"folder: folder contains no files "}},
		"no such file":     {[]string{"-c", filepath.Join(dir, "x.yaml")}, 2, "", []string{"x.yaml: read file: no such file or directory\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			check := run(t, append([]string{"check"}, tt.args...)...)
			if check.status != tt.status || check.stdout != tt.stdout {
				t.Errorf("exit status %d, output %q; want %d, %q", check.status, check.stdout, tt.status, tt.stdout)
			}
			for _, want := range tt.stderr {
				if !strings.Contains(check.stderr, want) {
					t.Errorf("message is\n%swant\n%s", check.stderr, want)
				}
			}
			if tt.status == 0 {
				return
			}
			if r := run(t, append([]string{"run"}, tt.args...)...); r.status != 2 || r.stderr != check.stderr {
				t.Errorf("run says, with exit status %d:\n%s\nbut check:\n%s", r.status, r.stderr, check.stderr)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	if text := done(t, run(t, "version")); !strings.HasPrefix(text, "pmtud ") || strings.Count(text, "\n") != 1 {
		t.Errorf("version is %q", text)
	}
}

func TestTwoPluginsOfOneName(t *testing.T) {
	var stderr bytes.Buffer
	streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: &stderr, Stderr: &stderr}
	status := cmd.Run(t.Context(), []string{"version"}, streams, cmd.Program{Plugins: append(cmd.Plugins(), cmd.Plugins()[0])})
	if status != 2 || !strings.Contains(stderr.String(), "two plugins for the source pcap") {
		t.Errorf("exit status %d:\n%s", status, stderr.String())
	}
}

// TestFullOutput prints to a device that is full: the program failed, and was not used
// wrongly.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range [][]string{
		{"plugins"},
		{"plugins", "mtu"},
		{"plugins", "--schema"},
		{"graph", "-c", "../configs/edge.yaml"},
		{"config", "-c", "../configs/edge.yaml"},
		{"init"},
		{"--iface", "eth0", "--print-config"},
	} {
		var stderr pipelinetest.Buffer
		streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: full, Stderr: &stderr}
		if status := cmd.Run(t.Context(), args, streams, cmd.Program{Plugins: cmd.Plugins()}); status != 1 || strings.Contains(stderr.String(), "--help") {
			t.Errorf("%q: exit status %d: %s", args, status, stderr.String())
		}
	}
}

// writeConfig writes a configuration file and returns its path.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pmtud.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
