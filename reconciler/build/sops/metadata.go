package sops

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// metadata is what SOPS writes beside the values.
type metadata struct {
	keys                    `yaml:",inline"`
	KeyGroups               []keys `json:"key_groups" yaml:"key_groups"`
	LastModified            string `json:"lastmodified" yaml:"lastmodified"`
	MAC                     string `json:"mac" yaml:"mac"`
	UnencryptedSuffix       string `json:"unencrypted_suffix" yaml:"unencrypted_suffix"`
	EncryptedSuffix         string `json:"encrypted_suffix" yaml:"encrypted_suffix"`
	UnencryptedRegex        string `json:"unencrypted_regex" yaml:"unencrypted_regex"`
	EncryptedRegex          string `json:"encrypted_regex" yaml:"encrypted_regex"`
	UnencryptedCommentRegex string `json:"unencrypted_comment_regex" yaml:"unencrypted_comment_regex"`
	EncryptedCommentRegex   string `json:"encrypted_comment_regex" yaml:"encrypted_comment_regex"`
	MACOnlyEncrypted        bool   `json:"mac_only_encrypted" yaml:"mac_only_encrypted"`
}

// keys are those that the data key is encrypted for; each of them opens it.
type keys struct {
	Age []struct {
		Recipient string `json:"recipient" yaml:"recipient"`
		Enc       string `json:"enc" yaml:"enc"`
	} `json:"age" yaml:"age"`
	PGP []struct {
		Fingerprint string `json:"fp" yaml:"fp"`
		Enc         string `json:"enc" yaml:"enc"`
	} `json:"pgp" yaml:"pgp"`
	AWS    []any `json:"kms" yaml:"kms"`
	Google []any `json:"gcp_kms" yaml:"gcp_kms"`
	Azure  []any `json:"azure_kv" yaml:"azure_kv"`
	Huawei []any `json:"hckms" yaml:"hckms"`
	Vault  []any `json:"hc_vault" yaml:"hc_vault"`
}

// String names the recipients for people.
func (k keys) String() string {
	var names []string
	for _, r := range k.Age {
		names = append(names, "age "+brief(r.Recipient))
	}
	for _, r := range k.PGP {
		names = append(names, "OpenPGP "+brief(r.Fingerprint))
	}
	for _, cloud := range []struct {
		name string
		n    int
	}{{"AWS KMS", len(k.AWS)}, {"Google Cloud KMS", len(k.Google)}, {"Azure Key Vault", len(k.Azure)}, {"Huawei Cloud KMS", len(k.Huawei)}, {"HashiCorp Vault", len(k.Vault)}} {
		if cloud.n > 0 {
			names = append(names, cloud.name+", which isn't supported")
		}
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// brief keeps what a stranger wrote short and on one line.
func brief(text string) string {
	const keep = 80
	clean := strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, text)
	return clean[:min(keep, len(clean))]
}

// recipients gives the keys, of which there must be one group.
func (m *metadata) recipients() (keys, error) {
	switch {
	case len(m.KeyGroups) == 1:
		return m.KeyGroups[0], nil
	case len(m.KeyGroups) > 1:
		return keys{}, fmt.Errorf("the data key is split between %d groups of keys, which isn't supported", len(m.KeyGroups))
	}
	return m.keys, nil
}

// audience names the recipients of all groups.
func (m *metadata) audience() string {
	if len(m.KeyGroups) == 0 {
		return m.String()
	}
	var names []string
	for _, group := range m.KeyGroups {
		names = append(names, group.String())
	}
	return strings.Join(names, "; ")
}

// modified gives the time of the last change as the MAC is bound to it.
func (m *metadata) modified() (string, error) {
	when, err := time.Parse(time.RFC3339, m.LastModified)
	if err != nil {
		return "", errors.New("sops.lastmodified isn't a time")
	}
	return when.Format(time.RFC3339), nil
}
