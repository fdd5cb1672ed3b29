package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// normalize rewrites the options that stand before the first operand in one form,
// --name or --name=value, reading them as getopt_long(3) does: long options may be
// abbreviated as long as they are unambiguous, short ones run together, and values
// may follow in the next argument. The first operand names a command, whose own
// options are none of ours.
func normalize(flags *pflag.FlagSet, args []string) ([]string, error) {
	n := normalizer{flags: flags, args: args, out: []string{}} // cobra takes nil for the process's own
	for len(n.args) > 0 {
		arg := n.args[0]
		if arg == "--" || arg == "-" || !strings.HasPrefix(arg, "-") {
			break
		}
		n.args = n.args[1:]
		read := n.short
		name, _, _ := strings.Cut(arg[1:], "=")
		switch {
		case strings.HasPrefix(arg, "--"):
			read = n.long
		case len(name) > 1 && flags.Lookup(name) != nil:
			return nil, &unknownOption{"-" + name, "--" + name}
		}
		if err := read(strings.TrimLeft(arg, "-")); err != nil {
			return nil, err
		}
	}
	return append(n.out, n.args...), nil
}

type normalizer struct {
	flags *pflag.FlagSet
	args  []string // not read yet
	out   []string
}

// long reads an option without its dashes, name or name=value.
func (n *normalizer) long(text string) error {
	name, value, hasValue := strings.Cut(text, "=")
	flag, err := n.find(name)
	switch {
	case err != nil:
		return err
	case hasValue && !takesValue(flag):
		return fmt.Errorf("option --%s takes no value", flag.Name)
	case hasValue:
		n.out = append(n.out, "--"+flag.Name+"="+value)
		return nil
	}
	return n.withNext(flag)
}

// short reads options of one letter each, of which the last may have a value.
func (n *normalizer) short(letters string) error {
	for i, letter := range letters {
		flag := n.letter(letter)
		if flag == nil {
			return newUnknownOption(n.flags, "-", string(letter))
		}
		rest := letters[i+1:]
		if rest != "" && needsValue(flag) {
			n.out = append(n.out, "--"+flag.Name+"="+rest)
			return nil
		}
		if err := n.withNext(flag); err != nil {
			return err
		}
	}
	return nil
}

func (n *normalizer) letter(letter rune) *pflag.Flag {
	if letter > 0x7f {
		return nil // pflag would panic
	}
	return n.flags.ShorthandLookup(string(letter))
}

// withNext writes an option whose value, if it needs one, is the next argument.
func (n *normalizer) withNext(flag *pflag.Flag) error {
	if !needsValue(flag) {
		n.out = append(n.out, "--"+flag.Name)
		return nil
	}
	if len(n.args) == 0 {
		return fmt.Errorf("option --%s needs a value", flag.Name)
	}
	n.out = append(n.out, "--"+flag.Name+"="+n.args[0])
	n.args = n.args[1:]
	return nil
}

// find returns the option that a name or an abbreviation stands for.
func (n *normalizer) find(name string) (*pflag.Flag, error) {
	if flag := n.flags.Lookup(name); flag != nil {
		return flag, nil
	}
	var found []*pflag.Flag
	var names []string
	n.flags.VisitAll(func(flag *pflag.Flag) {
		if strings.HasPrefix(flag.Name, name) {
			found = append(found, flag)
			names = append(names, "--"+flag.Name)
		}
	})
	if original := slices.DeleteFunc(slices.Clone(found), isAdded); len(original) == 1 {
		return original[0], nil
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, newUnknownOption(n.flags, "--", name)
	}
	return nil, fmt.Errorf("option --%s is ambiguous: %s", name, strings.Join(names, ", "))
}

// isAdded reports whether the original daemon lacks the option: its own have a letter each,
// and keep their abbreviations.
func isAdded(flag *pflag.Flag) bool { return flag.Shorthand == "" }

func needsValue(flag *pflag.Flag) bool { return flag.NoOptDefVal == "" }

// takesValue reports whether an option may have a value, which pflag thinks of
// all.
func takesValue(flag *pflag.Flag) bool {
	switch flag.Value.Type() {
	case "bool", "count":
		return false
	}
	return true
}

// keepOperands moves arguments such as -#2, which stands for packet 2 of standard input,
// to the end behind --, since they look like options.
func keepOperands(args []string) []string {
	var others, operands []string
	for i, arg := range args {
		switch {
		case arg == "--":
			return append(append(others, args[i:]...), operands...)
		case strings.HasPrefix(arg, "-#"):
			operands = append(operands, arg)
		default:
			others = append(others, arg)
		}
	}
	if len(operands) == 0 {
		return others
	}
	return append(append(others, "--"), operands...)
}
