const EXAMPLES = [
  ["Insult", "You are such a stupid idiot, shut your mouth."],
  ["Thanks", "Thank you for the help yesterday, the soup was wonderful. 🍲"],
  ["Deutsch", "Die Mannschaft gewann das Finale nach einem Tor in der letzten Minute."],
  ["Français", "Les chercheurs ont mesuré la vitesse de la lumière dans un cristal."],
  ["العربية", "المطار قريب من وسط المدينة، والقطار يصل كل عشر دقائق."],
  ["हिन्दी", "सरकार ने किसानों के लिए एक नई योजना की घोषणा की।"],
  ["中文", "这座城市的人口超过八百万。"],
  ["日本語", "来週の会議では新しい予算について話し合います。"],
  ["한국어", "오늘 저녁에 친구들과 영화를 봤어요."],
  ["Review", "The rooms were spotless and the staff could not have been kinder, we loved every minute."],
  ["Law", "A court may grant an injunction where damages would not be an adequate remedy."],
  ["Two languages", "Der Zug kommt um acht, and then we take the bus to the hotel."],
];
