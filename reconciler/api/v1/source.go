package v1

// Source is a path of a Git repository, at a branch's head, a tag or a commit.
//
// +kubebuilder:validation:XValidation:rule="(has(self.branch) ? 1 : 0) + (has(self.tag) ? 1 : 0) + (has(self.semver) ? 1 : 0) + (has(self.commit) ? 1 : 0) <= 1",message="name one of branch, tag, semver and commit"
type Source struct {
	// The repository's address: https://, http://, ssh:// or user@host:path, without a
	// password in it.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/@?# ]+/[^@?# ]+$') || self.matches('^ssh://([^/@:?# ]+@)?[^/@?# ]+/[^@?# ]+$') || self.matches('^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:[^@?# ]+$')",message="url must be https://HOST/PATH, http://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH, without a password, query or fragment"
	URL string `json:"url"`
	// The branch to follow; main by default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_][A-Za-z0-9._/+@-]*$') && !self.contains('..') && !self.contains('//') && !self.contains('@{') && !self.endsWith('/') && !self.endsWith('.lock')",message="branch must be the name of a branch, such as main or release/1.x"
	// +optional
	Branch string `json:"branch,omitempty"`
	// The tag to stand at. When it is moved, it is followed.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_][A-Za-z0-9._/+@-]*$') && !self.contains('..') && !self.contains('//') && !self.contains('@{') && !self.endsWith('/') && !self.endsWith('.lock')",message="tag must be the name of a tag, such as v1.2.3"
	// +optional
	Tag string `json:"tag,omitempty"`
	// The range of which the highest tag is followed, such as ">=1.2.0 <2.0.0".
	// Prereleases count only where the range names one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Semver string `json:"semver,omitempty"`
	// The commit to stand at, as its whole hash.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{40}$`
	// +optional
	Commit string `json:"commit,omitempty"`
	// Whose signature the commit, or the tag that names it, must carry. Nothing of an
	// unsigned one is built or applied.
	// +optional
	Verify *Verification `json:"verify,omitempty"`
	// The folder of the manifests, relative to the repository's root; the root itself by default.
	// +kubebuilder:default="."
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.contains('\\\\')",message="path must be relative to the repository's root, with forward slashes"
	// +kubebuilder:validation:XValidation:rule="self.split('/').all(p, p != '..')",message="path must not leave the repository"
	// +optional
	Path string `json:"path,omitempty"`
	// A Secret of the Sync's namespace: username and password (a token, for most forges),
	// or bearerToken; identity and known_hosts for SSH, with password where the identity
	// is encrypted; githubAppID, githubAppInstallationID and githubAppPrivateKey for a
	// GitHub App, with githubAppBaseURL where its API isn't where the host has it by
	// convention; ca.crt where the server's certificate is privately signed; tls.crt and
	// tls.key where the server asks for one; proxy, the address of a proxy.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// SecretReference names a Secret of the Sync's own namespace.
type SecretReference struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Verification says whose signatures count.
type Verification struct {
	// Which object must be signed: the commit (head), the annotated tag that is followed
	// by tag or semver, or both.
	// +kubebuilder:default=head
	// +kubebuilder:validation:Enum=head;tag;both
	// +optional
	Mode string `json:"mode,omitempty"`
	// A Secret of the Sync's namespace whose values are public keys: armoured OpenPGP keys,
	// or SSH keys as in authorized_keys or in Git's allowed_signers. A key that has expired
	// or was revoked doesn't count, whatever date the commit claims.
	SecretRef SecretReference `json:"secretRef"`
}

// DefaultBranch is followed where a Source names neither branch, tag, semver nor commit.
const DefaultBranch = "main"
