package sops

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// defaultSuffix ends the keys of values that aren't encrypted, where a file has no rule.
const defaultSuffix = "_unencrypted"

// rule tells whether the value at a path is encrypted.
type rule func(path []string) bool

// rule gives the one rule of a file.
func (m *metadata) rule() (rule, error) {
	if m.UnencryptedCommentRegex != "" || m.EncryptedCommentRegex != "" {
		return nil, errors.New("rules by comments (encrypted_comment_regex, unencrypted_comment_regex) aren't supported")
	}
	var rules []rule
	suffix := func(suffix string) func(string) bool {
		return func(key string) bool { return strings.HasSuffix(key, suffix) }
	}
	if m.UnencryptedSuffix != "" {
		rules = append(rules, no(suffix(m.UnencryptedSuffix)))
	}
	if m.EncryptedSuffix != "" {
		rules = append(rules, some(suffix(m.EncryptedSuffix)))
	}
	if m.UnencryptedRegex != "" {
		pattern, err := regexp.Compile(m.UnencryptedRegex)
		if err != nil {
			return nil, fmt.Errorf("reading sops.unencrypted_regex: %w", err)
		}
		rules = append(rules, no(pattern.MatchString))
	}
	if m.EncryptedRegex != "" {
		pattern, err := regexp.Compile(m.EncryptedRegex)
		if err != nil {
			return nil, fmt.Errorf("reading sops.encrypted_regex: %w", err)
		}
		rules = append(rules, some(pattern.MatchString))
	}
	switch len(rules) {
	case 0:
		return no(suffix(defaultSuffix)), nil
	case 1:
		return rules[0], nil
	}
	return nil, errors.New("more than one rule of what is encrypted")
}

func some(match func(string) bool) rule {
	return func(path []string) bool { return slices.ContainsFunc(path, match) }
}

func no(match func(string) bool) rule {
	return func(path []string) bool { return !slices.ContainsFunc(path, match) }
}
