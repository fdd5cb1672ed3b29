package cmd_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/testkit/markdown"
)

// mostWords is what a reader of README.md gets to read, code and tables included.
const mostWords = 1500

// TestLength counts the words of the README.
func TestLength(t *testing.T) {
	if n := len(strings.Fields(readFile(t, "../README.md"))); n > mostWords {
		t.Errorf("README.md has %d words, at most %d are wanted: move what is reference to where the thing is", n, mostWords)
	}
}

// TestLinks follows the links among all documents.
func TestLinks(t *testing.T) {
	t.Chdir("..")
	parsed := map[string]markdown.Document{}
	for name, text := range documents(t) {
		parsed[name] = markdown.Parse(text)
	}
	links := 0
	for name, document := range parsed {
		for _, link := range document.Links {
			if strings.Contains(link, "://") {
				continue
			}
			links++
			path, anchor, _ := strings.Cut(link, "#")
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: dead link: %v", name, err)
			} else if anchor != "" && !parsed[target].Anchors[anchor] {
				t.Errorf("%s: %s has no heading %q", name, target, anchor)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links found", links)
	}
}

// TestDocumentedCommands has the command line read each call of pmtud in the documents.
func TestDocumentedCommands(t *testing.T) {
	t.Chdir("..")
	found := 0
	for name, text := range documents(t) {
		for _, args := range calls(markdown.Parse(text)) {
			found++
			command, rest, err := cmd.RootCommand().Find(args)
			if err == nil {
				err = command.ParseFlags(rest)
			}
			if err == nil && command.HasParent() {
				err = command.ValidateArgs(command.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: pmtud %s: %v", name, strings.Join(args, " "), err)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d calls found", found)
	}
}

// offline are the commands that do what they do without a network.
var offline = []string{"init", "check", "config", "graph", "plugins", "replay", "trace", "test", "--iface"}

// TestReadmeCommands runs the commands of the README that any user can run anywhere.
func TestReadmeCommands(t *testing.T) {
	document := markdown.Parse(readFile(t, "../README.md"))
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, dir := range []string{"testdata", "configs"} {
		if err := os.Symlink(filepath.Join(root, dir), dir); err != nil {
			t.Fatal(err)
		}
	}
	var ran []string
	for _, args := range calls(document) {
		printsConfig := slices.Contains(args, "--print-config")
		if !slices.Contains(offline, args[0]) || args[0] == "--iface" && !printsConfig {
			continue
		}
		args = slices.DeleteFunc(args, func(arg string) bool { return arg == "--host" }) // which is another one's
		if r := run(t, args...); r.status != 0 {
			t.Errorf("pmtud %s: exit status %d: %s", strings.Join(args, " "), r.status, r.stderr)
		}
		ran = append(ran, args[0])
	}
	if want := []string{"init", "check", "replay", "trace", "test", "--iface"}; !cmp.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

// TestDocumentedMake looks for the targets of make in the documents.
func TestDocumentedMake(t *testing.T) {
	t.Chdir("..")
	makefile := readFile(t, "Makefile")
	for name, text := range documents(t) {
		targets := regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(text, -1)
		for _, block := range markdown.Parse(text).Blocks {
			targets = append(targets, regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(block.Text, -1)...)
		}
		for _, match := range targets {
			if !strings.Contains(makefile, "\n"+match[1]+":") {
				t.Errorf("%s: make %s: there is no such target", name, match[1])
			}
		}
	}
}

// TestDocumentedConfigurations checks each configuration in the documents. What is not there
// of a pipeline is filled in.
func TestDocumentedConfigurations(t *testing.T) {
	setKey(t)
	t.Chdir("..")
	found := 0
	all := documents(t)
	for _, document := range slices.Sorted(maps.Keys(all)) {
		for i, block := range markdown.Parse(all[document]).Blocks {
			if block.Language != "yaml" || strings.Contains(block.Text, "\ntests:") {
				continue
			}
			found++
			name := filepath.Join(t.TempDir(), fmt.Sprintf("%d.yaml", i))
			writeFile(t, name, completed(block.Text))
			if r := run(t, "check", "-c", name); r.status != 0 {
				t.Errorf("%s: exit status %d: %s\n%s", document, r.status, r.stderr, block.Text)
			}
		}
	}
	if found < len(cmd.Plugins()) {
		t.Errorf("only %d configurations found", found)
	}
}

// TestReadmeRecommended compares the short form of the recommended configuration.
func TestReadmeRecommended(t *testing.T) {
	for _, block := range markdown.Parse(readFile(t, "../README.md")).Blocks {
		if block.Language == "yaml" {
			name := filepath.Join(t.TempDir(), "short.yaml")
			writeFile(t, name, block.Text)
			if diff := cmp.Diff(asYAML(t, "../configs/recommended.yaml"), asYAML(t, name)); diff != "" {
				t.Errorf("README.md recommends something else (-recommended.yaml +README.md):\n%s", diff)
			}
			return
		}
	}
	t.Error("README.md has no configuration")
}

// completed returns a configuration with all that belongs to a pipeline.
func completed(text string) string {
	if strings.Contains(text, "pipelines:") {
		return text
	}
	top := ""
	if !regexp.MustCompile(`(?m)^(sources|filters|sinks):`).MatchString(text) {
		top, text = text, ""
	}
	for kind, stages := range map[string]string{
		"sources": "[{type: pcap, interface: eth0}]",
		"filters": "[{type: icmp-ptb}, {type: iface-rate}]",
		"sinks":   "[{type: log}]",
	} {
		if !regexp.MustCompile(`(?m)^` + kind + `:`).MatchString(text) {
			text += kind + ": " + stages + "\n"
		}
	}
	return top + "pipelines:\n  example:\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

// callPattern is a line that calls pmtud, after what a shell has before it.
var callPattern = regexp.MustCompile(`^(?:sudo )?(?:[A-Z_]+=\S+ )?(?:\./)?pmtud (.*)$`)

// calls returns the arguments of the calls of pmtud in the code of a document.
func calls(document markdown.Document) (all [][]string) {
	for _, block := range document.Blocks {
		if block.Language != "" && block.Language != "sh" {
			continue
		}
		for line := range strings.Lines(block.Text) {
			if match := callPattern.FindStringSubmatch(strings.TrimSpace(line)); match != nil {
				all = append(all, words(match[1]))
			}
		}
	}
	return all
}

// words splits a line of shell up to a comment, a pipe or a redirection.
func words(line string) (split []string) {
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
		if word == "|" || strings.HasPrefix(word, ">") || strings.HasPrefix(word, "#") {
			break
		}
		split = append(split, strings.Trim(word, "'"))
	}
	return split
}
