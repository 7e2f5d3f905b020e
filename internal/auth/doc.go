// Package auth decides who may speak to the bot, and gets the tokens with which the bot speaks to Microsoft.
//
// Inbound, a Verifier checks the token that the Bot Framework puts on every activity: signature, issuer, audience,
// lifetime, endorsement and service address. Outbound, AppTokens gets the app's own tokens from Entra through MSAL, and
// Users the tokens with which it acts for people at Graph, once they have signed in.
// It knows no activities, no cards and no pages, and there is no way to switch the checks off.
//
// What is refused, and how (a refusal carries one of these reasons and nothing of the token):
//
//	401  missing         no Authorization header, or several
//	401  scheme          not "Bearer", one blank and a token
//	401  too_long        more than 16 KiB
//	401  malformed       not three parts of base64url, not JSON objects, a member twice, a claim of the wrong type
//	401  algorithm       not RS256, a type other than JWT, or an extension marked critical
//	401  issuer          not the configured issuer, exactly
//	401  audience        not one of our app ids, alone
//	401  expired         no exp, or past by more than five minutes
//	401  not_yet         nbf or iat more than five minutes ahead
//	401  unknown_key     a key id that the metadata does not list, even read again
//	401  weak_key        a listed key that is not RSA for signatures with 2048 to 8192 bits
//	401  signature       the signature is not of that key
//	403  endorsement     rightly signed by a key that is not endorsed for an accepted channel
//	403  service_url     rightly signed, but for another service address than the activity's, or for none
//	403  channel         rightly signed, but for another channel than the activity's
//	503  no_keys         there is no key younger than a day, and none can be read now
//
// Everything up to the key is checked on the unverified token first, so that a stranger who does not even know issuer
// and app id cannot make this service read the metadata.
package auth
