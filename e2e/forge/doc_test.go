// Package forge_test holds the forges' adapters against servers that aren't ours
// (Gitea, the GitHub emulator), and our own server against GitHub's description.
package forge_test
