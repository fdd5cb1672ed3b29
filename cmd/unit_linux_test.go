package cmd_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sinks/inject"
	"github.com/pmtud/pmtud/sources/pcap"
)

// untilOpen is what the program may use until everything is open, beside what its stages need.
const untilOpen = "CAP_BPF"

// TestUnitRights compares what the unit lets the program do with what the stages of
// the examples need, so that nothing is missing and nothing is too much.
func TestUnitRights(t *testing.T) {
	unit, dropIn := readUnit(t, "pmtud.service"), readUnit(t, "nflog.conf")
	plain, all := needsOfExamples(t)

	for _, setting := range []string{"AmbientCapabilities", "CapabilityBoundingSet"} {
		if diff := cmp.Diff(distinct(plain.Capabilities, []string{untilOpen}), distinct(unit[setting])); diff != "" {
			t.Errorf("%s without nflog (-needed +given):\n%s", setting, diff)
		}
		if diff := cmp.Diff(distinct(all.Capabilities, []string{untilOpen}), distinct(unit[setting], dropIn[setting])); diff != "" {
			t.Errorf("%s with nflog.conf (-needed +given):\n%s", setting, diff)
		}
	}

	program := []string{"AF_UNIX", "AF_INET", "AF_INET6"} // for systemd and HTTP
	if diff := cmp.Diff(distinct(program, all.Families), distinct(unit["RestrictAddressFamilies"])); diff != "" {
		t.Errorf("address families (-needed +given):\n%s", diff)
	}

	for _, f := range all.Files {
		if dir := "/var/lib/" + unit["StateDirectory"][0]; f.Writes && filepath.Dir(f.Path) != dir {
			t.Errorf("%s is written, which is not in %s", f.Path, dir)
		}
	}
}

// TestUnitRightsToInject compares what the drop-in for the sink inject adds with what the sink needs.
func TestUnitRightsToInject(t *testing.T) {
	unit, dropIn := readUnit(t, "pmtud.service"), readUnit(t, "inject.conf")
	sink := settingsOf(inject.Plugin(), func(s *inject.Settings) { s.AsFrom = "eth0" })
	need := needsOf(t, pipeline.Spec{
		Name: "p", Sources: []pipeline.Stage{settingsOf(pcap.Plugin(), func(s *pcap.Settings) { s.Interface = "eth0" })},
		Sinks: []pipeline.SinkStage{{Stage: sink}},
	})
	for _, setting := range []string{"AmbientCapabilities", "CapabilityBoundingSet"} {
		if diff := cmp.Diff(distinct(need.Capabilities, []string{untilOpen}), distinct(unit[setting], dropIn[setting])); diff != "" {
			t.Errorf("%s with inject.conf (-needed +given):\n%s", setting, diff)
		}
	}
	for _, family := range need.Families {
		if !slices.Contains(unit["RestrictAddressFamilies"], family) {
			t.Errorf("the unit refuses %s", family)
		}
	}
}

// TestUnitIsSound has systemd judge the unit.
func TestUnitIsSound(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("needs systemd-analyze")
	}
	text := readFile(t, "../configs/systemd/pmtud.service")
	// It looks for the program.
	path := filepath.Join(t.TempDir(), "pmtud.service")
	text = strings.ReplaceAll(text, "/usr/bin/pmtud", program)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}

	out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	out = unknownBefore254.ReplaceAll(out, nil)
	if err != nil || len(out) > 0 {
		t.Errorf("verify: %v: %s", err, out)
	}

	// Of 100, where less is better. It has no limits of IP addresses, since peers may be
	// anywhere, and all of /proc, for sysctls.
	const worst = "20"
	out, err = exec.Command("systemd-analyze", "security", "--offline=true", "--threshold="+worst, path).CombinedOutput()
	if err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

// unknownBefore254 matches what older versions say about the settings that make retries back off.
var unknownBefore254 = regexp.MustCompile(`.*Unknown key (name )?'Restart(Steps|MaxDelaySec)' in section .*, ignoring\.\n`)

// TestUnitRestarts ends the program as systemd's watchdog does, and wants the unit to
// start it again, which it does not do after the status of a bad configuration.
func TestUnitRestarts(t *testing.T) {
	unit := readUnit(t, "pmtud.service")
	if !slices.Contains(unit["RestartPreventExitStatus"], "2") {
		t.Error("the unit starts the program again with a bad configuration")
	}
	c := exec.Command(program, "run", "-c", forever(t, ""))
	c.Env = append(os.Environ(), unit["Environment"]...)
	c.Dir = t.TempDir() // where a core would be left
	c.Stdout = io.Discard
	p := start(t, c)
	p.await("msg=ready")
	p.signal(unix.SIGABRT)
	const bySignal = -1 // as os.ProcessState.ExitCode has it
	if status := p.end(); status != bySignal {
		t.Errorf("it ended with status %d, and not by a signal", status)
	}
}

// readUnit returns the words of the settings of a unit.
func readUnit(t *testing.T, name string) map[string][]string {
	t.Helper()
	settings := map[string][]string{}
	for line := range strings.Lines(readFile(t, filepath.Join("../configs/systemd", name))) {
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			settings[key] = append(settings[key], strings.Fields(value)...)
		}
	}
	return settings
}

// needsOfExamples returns what the stages of the examples need that take no drop-in, and
// those of all.
func needsOfExamples(t *testing.T) (plain, all pipeline.Needs) {
	t.Helper()
	setKey(t)
	t.Setenv("PMTUD_IFACE", "eth0")
	names, err := filepath.Glob("../configs/*.*ml")
	if err != nil || len(names) == 0 {
		t.Fatalf("examples are %v, %v", names, err)
	}
	for _, name := range append(names, "../configs/package/pmtud.yaml") {
		f, err := config.Load(t.Context(), []string{name}, cmd.Plugins())
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Specs() {
			n := needsOf(t, spec)
			if len(n.NFLOGGroups) == 0 && !injects(spec) {
				plain = join(plain, n)
			}
			all = join(all, n)
		}
	}
	return plain, all
}

func injects(spec pipeline.Spec) bool {
	return slices.ContainsFunc(spec.Sinks, func(s pipeline.SinkStage) bool { return s.Plugin.Type == "inject" })
}

func needsOf(t *testing.T, spec pipeline.Spec) (all pipeline.Needs) {
	t.Helper()
	p, err := pipeline.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range p.Stages() {
		if n, ok := stage.(pipeline.HostUser); ok {
			all = join(all, n.Needs())
		}
	}
	return all
}

// join returns what both need, of that which a unit can give.
func join(a, b pipeline.Needs) pipeline.Needs {
	return pipeline.Needs{
		Files:        slices.Concat(a.Files, b.Files),
		Capabilities: slices.Concat(a.Capabilities, b.Capabilities),
		Families:     slices.Concat(a.Families, b.Families),
		NFLOGGroups:  slices.Concat(a.NFLOGGroups, b.NFLOGGroups),
	}
}

// distinct returns the values of the lists, sorted.
func distinct(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
