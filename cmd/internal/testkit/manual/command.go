package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Pages returns the manual pages of a command line: that of the root and one for each
// of its commands, by their file names.
func Pages(root *cobra.Command) map[string]string {
	pages := map[string]string{pageName(root) + ".1": rootPage(root)}
	for _, c := range commands(root) {
		pages[pageName(c)+".1"] = commandPage(c)
	}
	return pages
}

// commands returns the commands that have a page.
func commands(root *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool {
		return c.Hidden || c.Name() == "help"
	})
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func rootPage(root *cobra.Command) string {
	p := newPage(root.Name(), pageName(root), 1, root.Short)
	p.synopsis(root)
	for _, c := range commands(root) {
		p.line(".br")
		p.usage(c)
	}
	p.heading("DESCRIPTION")
	p.paragraphs(root.Long)
	p.options(root)
	p.heading("COMMANDS")
	for _, c := range commands(root) {
		p.item(bold(c.Name()))
		p.line("%s; see %s(1)", escape(c.Short), bold(pageName(c)))
	}
	p.exitStatus()
	p.daemon(root.Name())
	p.examples(root)
	var pages []string
	for _, c := range commands(root) {
		pages = append(pages, reference(pageName(c), 1))
	}
	p.seeAlso(append(pages, reference(root.Name()+".conf", 5), reference("tracepath", 8), reference("tcpdump", 8))...)
	return p.text.String()
}

func commandPage(c *cobra.Command) string {
	p := newPage(c.Root().Name(), pageName(c), 1, c.Short)
	p.synopsis(c)
	p.heading("DESCRIPTION")
	if c.Long != "" {
		p.paragraphs(c.Long)
	} else {
		p.line("%s.", escape(strings.ToUpper(c.Short[:1])+c.Short[1:]))
	}
	p.options(c)
	p.exitStatus()
	if c.Name() == "run" {
		p.daemon(c.Root().Name())
	}
	p.examples(c)
	pages := []string{reference(pageName(c.Root()), 1)}
	for _, name := range related[c.Name()] {
		pages = append(pages, reference(pageName(c.Root())+"-"+name, 1))
	}
	p.seeAlso(append(pages, reference(c.Root().Name()+".conf", 5))...)
	return p.text.String()
}

// related names, for each command, those that are used with it.
var related = map[string][]string{
	"cache":   {"doctor", "probe"},
	"check":   {"config", "run", "test"},
	"config":  {"check", "graph", "init"},
	"doctor":  {"cache", "check", "probe"},
	"graph":   {"config"},
	"init":    {"check", "plugins", "run"},
	"plugins": {"init"},
	"probe":   {"cache", "doctor"},
	"replay":  {"test", "trace"},
	"run":     {"check", "status", "tap", "top"},
	"status":  {"run", "tap", "top"},
	"tap":     {"run", "status", "top"},
	"test":    {"replay", "trace"},
	"top":     {"run", "status", "tap"},
	"trace":   {"replay", "test"},
}

// daemon writes what is to be known of a program's daemon, which is packaged under its name.
func (p *page) daemon(program string) {
	p.items("FILES", [][2]string{
		{"/etc/" + program, "configuration folder of the packaged service"},
		{"/etc/default/" + program, "environment of the packaged service"},
		{"/run/" + program + "/" + program + ".sock", "control socket, which status, top and tap use"},
		{"/var/lib/" + program, "folder for captures of the packaged service"},
	})
	p.items("SIGNALS", [][2]string{
		{"SIGHUP", "reload the configuration files; one with mistakes changes nothing"},
		{"SIGUSR1", "switch log lines of level debug on or off"},
		{"SIGINT, SIGTERM", "deliver what is queued, print the final counters and exit; a second signal exits at once"},
	})
}

func (p *page) examples(c *cobra.Command) {
	if c.Example != "" {
		p.heading("EXAMPLES")
		p.paragraphs(strings.TrimRight(c.Example, "\n"))
	}
}

// reference is the name of a page in markup.
func reference(name string, section int) string { return fmt.Sprintf("%s(%d)", bold(name), section) }

func (p *page) seeAlso(references ...string) {
	p.heading("SEE ALSO")
	p.line("%s", strings.Join(references, ",\n"))
}

// items writes a section of names and their meanings.
func (p *page) items(heading string, items [][2]string) {
	p.heading(heading)
	for _, item := range items {
		p.item(bold(item[0]))
		p.line("%s", escape(item[1]))
	}
}

func (p *page) synopsis(c *cobra.Command) {
	p.heading("SYNOPSIS")
	p.usage(c)
}

func (p *page) usage(c *cobra.Command) {
	use := strings.TrimPrefix(c.UseLine(), c.CommandPath())
	p.line("%s%s", bold(c.CommandPath()), escape(use))
}

func (p *page) options(c *cobra.Command) {
	p.heading("OPTIONS")
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		tag := bold("--" + f.Name)
		if f.Shorthand != "" {
			tag = bold("-"+f.Shorthand) + ", " + tag
		}
		if value != "" && f.NoOptDefVal == "" {
			tag += "=" + italic(value)
		} else if value != "" && f.Value.Type() == "string" {
			tag += "[=" + italic(value) + "]"
		}
		p.item(tag)
		p.line("%s", escape(usage+defaultOf(f)))
	})
}

// defaultOf returns the default of an option, if it is not the zero value.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "[]":
		return ""
	}
	return " (default " + f.DefValue + ")"
}

func (p *page) exitStatus() {
	p.items("EXIT STATUS", [][2]string{
		{"0", "done"},
		{"1", "failed while running"},
		{"2", "bad usage or bad configuration"},
	})
}
