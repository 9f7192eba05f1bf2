#include "fakes/receivers/mail/encodings.h"

#include <gtest/gtest.h>

#include "fakes/receivers/mail/html_text.h"

namespace tocsin::receivers {
namespace {

struct Pair {
  std::string from;
  std::string to;
};

TEST(Encodings, Base64) {
  // RFC 4648, section 10.
  const Pair pairs[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"}};
  for (const Pair& pair : pairs) {
    EXPECT_EQ(base64_encode(pair.from), pair.to);
    EXPECT_EQ(base64_decode_strictly(pair.to), pair.from);
    EXPECT_EQ(base64_decode(pair.to), pair.from);
  }
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Z===", "Zm 9v", "Zm9v\r\n", "====", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode_strictly(bad)) << bad;
  }
  EXPECT_EQ(base64_decode("Zm9v\r\nYm\tFy!"), "foobar");
}

TEST(Encodings, QuotedPrintable) {
  const Pair pairs[] = {
      {"a=3Db", "a=b"}, {"a=\r\nb", "ab"}, {"a= \t\r\nb", "ab"}, {"a=\nb", "ab"},
      {"=C3=A4", "ä"},  {"=c3=a4", "ä"},   {"a=", "a"},          {"a=3", "a=3"},
      {"a=ZZ", "a=ZZ"}, {"a=  ", "a"},     {"=3D3D", "=3D"},     {"plain\r\n", "plain\r\n"},
  };
  for (const Pair& pair : pairs)
    EXPECT_EQ(quoted_printable_decode(pair.from), pair.to) << pair.from;
}

TEST(Encodings, Charsets) {
  EXPECT_EQ(to_utf8("\xE4", "ISO-8859-1"), "ä");
  EXPECT_EQ(to_utf8("\xA4", "iso-8859-15"), "€");
  EXPECT_EQ(to_utf8("\x80\x81", "Windows-1252"), "€\xEF\xBF\xBD");
  EXPECT_EQ(to_utf8("ä", "utf-8"), "ä");
  EXPECT_EQ(to_utf8("a\xFF", "utf-8"), "a\xEF\xBF\xBD");
  EXPECT_EQ(to_utf8("x", "koi8-r"), "x");
}

TEST(Encodings, Words) {
  const Pair pairs[] = {
      {"plain", "plain"},
      {"=?utf-8?q?=C3=84_firing?=", "Ä firing"},
      {"=?UTF-8?B?w4Q=?=", "Ä"},
      {"a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"},
      {"=?iso-8859-1?Q?=E4?=", "ä"},
      {"=?utf-8?x?b?=", "=?utf-8?x?b?="},
      {"=?utf-8?q?no end", "=?utf-8?q?no end"},
      {"=?utf-8?q?blanks inside?=", "=?utf-8?q?blanks inside?="},
      {"=?", "=?"},
      {"=?a?", "=?a?"},
      {"=?a?q", "=?a?q"},
      {"=?a?q?", "=?a?q?"},
      {"\xFF", "\xEF\xBF\xBD"},
  };
  for (const Pair& pair : pairs) EXPECT_EQ(decode_words(pair.from), pair.to) << pair.from;
}

TEST(HtmlText, WhatAReaderSees) {
  const Pair pairs[] = {
      {"a b", "a b\n"},
      {"  a \n\t b  ", "a b\n"},
      {"<p>a</p><p>b</p>", "a\nb\n"},
      {"a<br>b<BR/>c", "a\nb\nc\n"},
      {"<td>a</td><td>b</td>", "a b\n"},
      {"&lt;b&gt; &amp; &#34;q&#x22; &nbsp;&nope; &", "<b> & \"q\"  &nope; &\n"},
      {"<style>x{}</style>a<script>y</script><!-- c --><head><title>t</title></head>b", "ab\n"},
      {"<STYLE>x</Style >y", ""},
      {"<a href=\"http://h/?a=1&amp;b\">Source</a> x", "Source <http://h/?a=1&b> x\n"},
      {"<a href='u'>A</a><a href=v class=c>B</a><a name=x>C</a>", "A <u>B <v>C\n"},
      {"a < b", "a < b\n"},
      {"a<", "a<\n"},
      {"<", "<\n"},
      {"&", "&\n"},
      {"&#99999999;&#xZZ;&#;", "\xEF\xBF\xBD&#xZZ;&#;\n"},
      {"", ""},
  };
  for (const Pair& pair : pairs) EXPECT_EQ(html_text(pair.from), pair.to) << pair.from;
}

TEST(HtmlText, HostileSizesAreLinear) {
  EXPECT_LE(html_text(std::string(4'000'000, '<')).size(), 200U);
  EXPECT_EQ(html_text(std::string(1'000'000, '&')).size(), 1'000'001U);
  std::string opened;
  for (int i = 0; i < 200'000; ++i) opened += "<style><a href=";
  EXPECT_LE(html_text(opened).size(), opened.size());
}

}  // namespace
}  // namespace tocsin::receivers
