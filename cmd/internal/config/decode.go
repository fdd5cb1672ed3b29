package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
)

// settingTag is the struct tag with a setting's name; see [pipeline.FilterPlugin].
const settingTag = "setting"

// decode decodes the stage's settings into its plugin's struct.
func (r *resolver) decode(s *Stage) bool {
	s.settings = s.plugin.NewSettings()
	return r.decodeInto(s.settings, s, fmt.Sprintf("%v `%s`", s.plugin.Kind, s.Type))
}

// decodeInto decodes the settings of s into a struct, but for those that it has
// structs or maps for. What says in messages whose settings they are.
func (r *resolver) decodeInto(settings any, s *Stage, what string) bool {
	before := len(r.mistakes)
	values := r.known(s, fieldsOf(settings), what)
	err := load(values).UnmarshalWithConf("", settings, koanf.UnmarshalConf{
		Tag: settingTag, DecoderConfig: decoderConfig(),
	})
	if err != nil {
		r.decodeErrors(s, err)
	}
	return len(r.mistakes) == before
}

func decoderConfig() *mapstructure.DecoderConfig {
	return &mapstructure.DecoderConfig{
		TagName:              settingTag,
		DecodeHook:           convert,
		MatchName:            func(key, field string) bool { return key == field },
		IgnoreUntaggedFields: true,
		ErrorUnused:          true,
		WeaklyTypedInput:     false,
		// A list in the file replaces a default list, and is not written
		// into it: the plugin's defaults share their memory.
		ZeroFields: true,
	}
}

// known returns the values of the settings that the struct has, and notes those
// that it does not have or that are missing.
func (r *resolver) known(s *Stage, fields map[string]reflect.StructField, what string) map[string]any {
	names := slices.Sorted(maps.Keys(fields))
	values := map[string]any{}
	meant := map[string]bool{}
	for i := range s.Settings {
		setting := &s.Settings[i]
		field, ok := fields[setting.Name]
		if !ok {
			r.add(setting.NameAt, didYouMean(setting.Name, names), "unknown setting `%s` of %s", setting.Name, what)
			name, _ := nearest(setting.Name, names)
			meant[name] = true
			continue
		}
		meant[setting.Name] = true
		setting.Value = typed(*setting, field.Type)
		if setting.Value != nil && !isNested(field.Type) {
			values[setting.Name] = setting.Value
		}
	}
	for _, name := range names {
		if fields[name].Tag.Get("required") == "true" && !meant[name] {
			r.add(s.At, "add `"+name+"`", "%s lacks the setting `%s`", what, name)
		}
	}
	return values
}

// fieldsOf returns the fields of a plugin's settings by their names.
func fieldsOf(settings any) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for field := range reflect.TypeOf(settings).Elem().Fields() {
		if name := field.Tag.Get(settingTag); name != "" {
			fields[name] = field
		}
	}
	return fields
}

// decodeErrors notes each error that err joins at the setting, or the element of
// one, that it is about.
func (r *resolver) decodeErrors(s *Stage, err error) {
	//nolint:errorlint // err itself, nothing that wraps it
	if _, ok := err.(*mapstructure.DecodeError); !ok && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err) // the decoder's heading above its errors
	}
	for _, err := range split(err) {
		var decode *mapstructure.DecodeError
		if errors.As(err, &decode) {
			r.decodeError(s, decode.Name(), decode.Unwrap())
			continue
		}
		r.add(s.At, "", "%v", err)
	}
}

func (r *resolver) decodeError(s *Stage, name string, err error) {
	name, element, isElement := strings.Cut(name, "[")
	setting := s.setting(name)
	if setting == nil {
		r.add(s.At, "", "%v", err)
		return
	}
	at := setting.At
	if i, err := strconv.Atoi(strings.TrimSuffix(element, "]")); isElement && err == nil && i < len(setting.ItemsAt) {
		at = setting.ItemsAt[i]
	}
	r.valueError(name, at, err)
}

// valueError notes what the decoder said of one value.
func (r *resolver) valueError(name string, at Position, err error) {
	hint := ""
	if kind, ok := errors.AsType[*kindError](err); ok {
		hint = kind.hint
	}
	r.settingError(name, at, hint, err)
}
