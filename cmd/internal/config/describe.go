package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Description tells what one setting of a plugin is, for lists.
type Description struct {
	Name     string
	Kind     string // what may be written, for example "whole number"
	Default  string // as it would be written; empty if there is none
	Required bool
	Doc      string
}

// Describe returns the settings of a plugin in the order of their declaration.
func Describe(p pipeline.Plugin) []Description {
	settings := p.NewSettings()
	value := reflect.ValueOf(settings).Elem()
	var all []Description
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name := field.Tag.Get(settingTag)
		if name == "" {
			continue
		}
		required := field.Tag.Get("required") == "true"
		d := Description{Name: name, Kind: kindOfType(field.Type), Required: required, Doc: field.Tag.Get("doc")}
		if !required {
			d.Default = defaultText(value.Field(i))
		}
		all = append(all, d)
	}
	return all
}

func kindOfType(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case isText(t):
		return "text"
	case t.Kind() == reflect.Slice:
		return listOf(kindOfType(t.Elem()))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOfType(t.Elem())
	case reflect.Bool:
		return "true/false"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "text"
	}
	return "whole number"
}

func listOf(kind string) string {
	if strings.HasSuffix(kind, "text") {
		return "list of text"
	}
	return "list of " + kind + "s"
}

// defaultText returns a default as it would be written.
func defaultText(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice {
		var items []string
		for i := range v.Len() {
			items = append(items, defaultText(v.Index(i)))
		}
		return strings.Join(items, ", ")
	}
	switch d := v.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := d.MarshalText()
		if err == nil {
			return string(text)
		}
	case fmt.Stringer:
		return d.String()
	}
	return fmt.Sprint(v.Interface())
}
