package manual

import (
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
	p.heading("SEE ALSO")
	p.line("%s(5)", bold(root.Name()+".conf"))
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
	p.heading("SEE ALSO")
	p.line("%s(1), %s(5)", bold(c.Root().Name()), bold(c.Root().Name()+".conf"))
	return p.text.String()
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
	p.heading("EXIT STATUS")
	for _, status := range [][2]string{
		{"0", "done"},
		{"1", "failed while running"},
		{"2", "bad usage or bad configuration"},
	} {
		p.item(bold(status[0]))
		p.line("%s", status[1])
	}
}
