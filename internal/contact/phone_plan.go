package contact

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// prefixes are the digits that are dialled before a number within its country, by the code of the country, where no more than
// such a digit belongs to the plan of the country: 0 of no other meaning, 1, 8 or none (a blank). The other countries have rules.
var prefixes = prefixesOf(map[byte]string{
	'0': "20 211 212 213 218 231 232 233 234 243 249 250 251 252 254 255 256 260 262 263 264 265 27 291 31 32 33 353 355 359 373 374 377 380 381 382 383 385 387 389 40 41 421 43 46 49 508 51 58 590 593 594 595 596 60 63 66 84 855 880 90 91 92 93 94 95 961 962 963 964 966 967 970 971 976 977 98 994 995 996",
	'1': "1 692", '8': "7 993",
	' ': "216 220 221 222 223 224 225 226 227 228 229 230 236 237 238 239 240 242 244 245 246 247 248 253 257 258 266 267 268 269 290 297 299 30 34 350 351 356 357 371 372 376 39 420 45 47 48 500 501 502 503 504 505 507 509 52 592 597 599 65 670 673 674 676 677 678 679 680 681 682 683 685 687 688 689 690 691 852 853 960 965 968 973 974 975 998",
})

func prefixesOf(by map[byte]string) map[int]byte {
	all := map[int]byte{}
	for prefix, codes := range by {
		for code := range strings.FieldsSeq(codes) {
			n, err := strconv.Atoi(code)
			if err == nil {
				all[n] = prefix
			}
		}
	}
	return all
}

// plain reads what nearly all numbers are, without the rules of phonenumbers, which cost thirty times as much: "+" and the code of a
// country, or digits of the region, that need no more than to be taken as they are. ok tells that the answer holds. The number must be
// dialable.
func plain(number, region string) (e164 string, ok bool) {
	digits := dialled(number)
	switch plus := strings.LastIndexByte(number, '+'); {
	case len(digits) < 4 || plus > 0:
		return "", false
	case plus == 0:
		return plainAbroad(digits)
	}
	return plainAtHome(digits, region)
}

// plainAbroad reads the code of a country and a number that has no prefix of the country before it.
func plainAbroad(digits string) (e164 string, ok bool) {
	n, country := parseE164("+" + digits)
	if n == nil {
		return "", false
	}
	prefix, known := prefixes[country]
	if !known || digits[len(strconv.Itoa(country))] == prefix {
		return "", false
	}
	if !phonenumbers.IsPossibleNumber(n) {
		return "", true
	}
	return "+" + digits, true
}

// plainAtHome reads a number of the region, with the 0 before it or without. One that may begin with the code of the country, or with what
// is dialled to reach another, is left to the rules.
func plainAtHome(digits, region string) (e164 string, ok bool) {
	country := phonenumbers.GetCountryCodeForRegion(region)
	prefix, known := prefixes[country]
	if !known || phonenumbers.GetRegionCodeForCountryCode(country) != region {
		return "", false
	}
	code := strconv.Itoa(country)
	switch {
	case prefix == '0' && digits[0] == '0' && digits[1] != '0':
		digits = digits[1:]
	case digits[0] == '0', digits[0] == prefix, strings.HasPrefix(digits, code):
		return "", false
	}
	n := nationalNumber(country, digits)
	if n == nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
		return "", false
	}
	return "+" + code + digits, true
}
