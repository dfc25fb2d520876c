package config

// Signatures is what cosign's signatures are held to.
type Signatures struct {
	// TrustRootFile is a trusted_root.json. The default is none: then only signatures
	// by keys can be checked. Nothing is ever fetched.
	TrustRootFile string `yaml:"trustRootFile"`
	// LogKeys asks for an entry in a transparency log of signatures by keys, too.
	LogKeys bool `yaml:"logKeys"`
	// NoLog accepts keyless signatures without such an entry where a timestamp
	// authority vouches for their time.
	NoLog bool `yaml:"noLog"`
	// NoSCT accepts certificates that no certificate transparency log has signed for.
	NoSCT bool `yaml:"noSCT"`
}

func (v *validation) signatures(s Signatures) {
	weaker := s.LogKeys || s.NoLog || s.NoSCT
	v.check(!weaker || s.TrustRootFile != "", "signatures has no trustRootFile", "logKeys, noLog and noSCT say how its services are used")
	v.check(!s.NoLog || !s.LogKeys, "signatures has both logKeys and noLog", "choose one")
}
