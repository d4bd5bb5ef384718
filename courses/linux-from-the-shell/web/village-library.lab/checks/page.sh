page=site/index.html
if [[ ! -s $page ]]; then
    echo "$page isn't there, or is empty."
    exit 1
fi
text=$(head -c 100000 "$page" | tr '\n' ' ')
shopt -s nocasematch
if [[ ! $text =~ \<title[^\>]*\>[^\<]*[^\<[:space:]][^\<]*\</title\> ]]; then
    echo "$page has no title: <title>...</title>"
    exit 1
fi
if [[ ! $text =~ \<h1[^\>]*\>.*[^[:space:]].*\</h1\> ]]; then
    echo "$page has no heading: <h1>...</h1>"
    exit 1
fi
echo "A page with a title and a heading."
